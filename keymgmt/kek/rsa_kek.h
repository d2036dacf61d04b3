/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an RSA KEK on a token differs from an AES one: it seals in software, with the public half of
 * its private key object. Once that is known to work, sealing calls no token.
 */
#ifndef ENVELOPE_RSA_KEK_H
#define ENVELOPE_RSA_KEK_H

#include "keymgmt/kek/token_kek.h"

/*
 * Finds the hash by which the token opens what was sealed in software: SHA-256 or else SHA-1,
 * unless the configuration says which. An altered copy must not open. Called with prepare_lock.
 * KEK_USAGE, KEK_SELF_TEST, KEK_KIND or what the token said.
 */
ENV_RESULT env_rsa_kek_choose(struct env_token_kek *kek, enum env_patience patience,
                              struct env_error_detail *detail);

/* The reference (rsa_public.h) of the key's public half. False: it could not be worked out. */
bool env_rsa_reference_of(const struct env_token_set *token_set,
                          const struct env_key_attributes *key, struct env_kek_id *id);

/* Whether id is the reference (rsa_public.h) of the key's public half. */
bool env_rsa_is_reference(const struct env_token_set *token_set,
                          const struct env_key_attributes *key, const struct env_kek_id *id);

#endif
