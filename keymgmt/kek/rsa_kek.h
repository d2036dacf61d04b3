/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an RSA KEK on a token does otherwise than an AES one: it seals in software, with the public
 * half that its private key object says, and no token is asked once that is known to work.
 */
#ifndef ENVELOPE_RSA_KEK_H
#define ENVELOPE_RSA_KEK_H

#include "keymgmt/kek/kek_operation.h"

/*
 * Finds the hash by which the token opens what was sealed in software: SHA-256 or else SHA-1,
 * unless the configuration says which. Called with prepare_lock. KEK_USAGE, KEK_SELF_TEST, KEK_KIND
 * or what the token said.
 */
ENV_RESULT env_rsa_kek_choose(struct env_token_kek *kek, enum env_patience patience,
                              struct env_fault *fault);

/* Of a KEK that is prepared. */
ENV_RESULT env_rsa_kek_wrap(const struct env_token_kek *kek, const uint8_t dek[ENV_DEK_LEN],
                            struct env_wrapped *out, struct env_fault *fault);

/* Whether they have the same public half. */
bool env_rsa_same_public(const struct env_key_facts *a, const struct env_key_facts *b);

/* Whether the public half is what the reference was worked out from. */
bool env_rsa_is_reference(const struct env_ring *ring, const struct env_key_facts *key,
                          const struct env_kek_id *id);

#endif
