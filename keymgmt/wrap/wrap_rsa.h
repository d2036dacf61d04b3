/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening with an RSA KEK: CKM_RSA_PKCS_OAEP by C_Decrypt or C_UnwrapKey. Sealing only needs the
 * public half: rsa_public.h.
 */
#ifndef ENVELOPE_WRAP_RSA_H
#define ENVELOPE_WRAP_RSA_H

#include "keymgmt/token/find_key.h"
#include "keymgmt/wrap/unwrap_dek.h"

/* What the token and the key can do together, as a set. */
#define ENV_RSA_DECRYPT 1u
#define ENV_RSA_UNWRAP_KEY 2u

/* Fails with TOKEN_FAILED. */
ENV_RESULT env_rsa_uses(struct env_token *token, const struct env_key_attributes *key,
                        unsigned *uses, struct env_error_detail *detail);

/*
 * Whether it can be a ciphertext of this key: a number below the modulus, and as long. Tokens
 * answer others in different ways. Anyone can check this, so no token is asked.
 */
bool env_rsa_may_be_wrapped(const struct env_key_attributes *key,
                            const struct env_wrapped *wrapped);

/* Reports what is missing. Fails with KEK_USAGE. */
ENV_RESULT env_rsa_usage_refused(const struct env_key_attributes *key, const char *where,
                                 struct env_error_detail *detail);

/*
 * arg is an env_unwrapping for which env_rsa_may_be_wrapped is true. Fails with KEK_USAGE, or as
 * env_unwrap_dek does.
 */
ENV_RESULT env_rsa_unwrap(struct env_key_use *use, void *arg);

#endif
