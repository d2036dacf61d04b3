/* SPDX-License-Identifier: Apache-2.0 */
/* What a token says of a mechanism, and whether a key may be used with it. */
#ifndef ENVELOPE_MECHANISM_INFO_H
#define ENVELOPE_MECHANISM_INFO_H

#include "keymgmt/token/find_key.h"

/*
 * The flags of C_GetMechanismInfo, 0 where the token does not have the mechanism; it is asked once.
 * index is the mechanism's place in env_token.mechanisms. CKR_OK, or what keeps it from answering.
 */
CK_RV env_mechanism_flags(struct env_token *token, unsigned index, CK_MECHANISM_TYPE type,
                          CK_FLAGS *flags);

/* When they turn out to be others than the token said: whoever needs them next asks again. */
void env_mechanisms_forget(struct env_token *token);

/* CKA_ALLOWED_MECHANISMS. */
bool env_key_allows(const struct env_key_attributes *key, CK_MECHANISM_TYPE type);

#endif
