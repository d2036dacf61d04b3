/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between an RSA KEK on a token and an AES one. It seals in software, with the public
 * half of its private key object. Once that is known to work, sealing does not call the token.
 */
#ifndef ENVELOPE_RSA_KEK_H
#define ENVELOPE_RSA_KEK_H

#include "keymgmt/kek/token_kek.h"

/*
 * Finds the hash with which the token opens what was sealed in software: SHA-256, or else SHA-1,
 * unless the configuration sets one. An altered copy must fail to open. Called with prepare_lock.
 * Fails with KEK_USAGE, KEK_SELF_TEST or KEK_KIND, or with the token's failure.
 */
ENV_RESULT env_rsa_kek_choose(struct env_token_kek *kek, enum env_patience patience,
                              struct env_error_detail *detail);

/* The reference (rsa_public.h) of the key's public half. False: it could not be computed. */
bool env_rsa_reference_of(const struct env_token_set *token_set,
                          const struct env_key_attributes *key, struct env_kek_id *id);

/* Whether id is the reference (rsa_public.h) of the key's public half. */
bool env_rsa_is_reference(const struct env_token_set *token_set,
                          const struct env_key_attributes *key, const struct env_kek_id *id);

#endif
