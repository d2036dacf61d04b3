/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening with an RSA KEK: CKM_RSA_PKCS_OAEP by C_Decrypt or C_UnwrapKey. Sealing needs the public
 * half alone: rsa_public.h.
 */
#ifndef ENVELOPE_WRAP_RSA_H
#define ENVELOPE_WRAP_RSA_H

#include "keymgmt/token/find_key.h"
#include "keymgmt/wrap/unwrap_dek.h"

/* What token and key together can do, as a set. */
#define ENV_RSA_DECRYPT 1u
#define ENV_RSA_UNWRAP_KEY 2u

/* TOKEN_FAILED. */
ENV_RESULT env_rsa_uses(struct env_token *token, const struct env_key_attributes *key,
                        unsigned *uses, struct env_error_detail *detail);

/*
 * Whether it can be a ciphertext of this key: a number below the modulus, and as long. Tokens
 * answer one that is not in ways of their own, and everybody can tell, so none is asked.
 */
bool env_rsa_may_be_wrapped(const struct env_key_attributes *key,
                            const struct env_wrapped *wrapped);

/* Says what is missing. KEK_USAGE. */
ENV_RESULT env_rsa_usage_refused(const struct env_key_attributes *key, const char *where,
                                 struct env_error_detail *detail);

/*
 * arg is an env_unwrapping of what env_rsa_may_be_wrapped is true of. KEK_USAGE, and
 * what env_unwrap_dek gives.
 */
ENV_RESULT env_rsa_unwrap(struct env_key_use *use, void *arg);

#endif
