/* SPDX-License-Identifier: Apache-2.0 */
/* What a token says about a mechanism, and whether a key may be used with it. */
#ifndef ENVELOPE_MECHANISM_INFO_H
#define ENVELOPE_MECHANISM_INFO_H

#include "keymgmt/token/find_key.h"

/*
 * The flags of C_GetMechanismInfo, or 0 if the token does not have the mechanism. The answer is
 * cached. index is the mechanism's place in env_token.mechanisms. Returns CKR_OK, or the code of
 * what failed.
 */
CK_RV env_mechanism_flags(struct env_token *token, unsigned index, CK_MECHANISM_TYPE type,
                          CK_FLAGS *flags);

/* To be called when the flags prove to be wrong. The next caller asks the token again. */
void env_mechanisms_forget(struct env_token *token);

/* CKA_ALLOWED_MECHANISMS. */
bool env_key_allows(const struct env_key_attributes *key, CK_MECHANISM_TYPE type);

#endif
