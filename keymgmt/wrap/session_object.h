/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that live in a token's session for one operation: made from bytes to be wrapped, or
 * unwrapped to be read. All templates of such objects are here.
 */
#ifndef ENVELOPE_SESSION_OBJECT_H
#define ENVELOPE_SESSION_OBJECT_H

#include "keymgmt/wrap/key_use.h"

/* One that can be wrapped. */
CK_RV env_session_object_secret(struct env_key_use *use, const uint8_t *value, size_t len,
                                CK_OBJECT_HANDLE *object);

/* An AES key that has two uses, such as CKA_WRAP and CKA_UNWRAP, and no other. */
CK_RV env_session_object_aes(struct env_key_use *use, const uint8_t *value, size_t len,
                             const CK_ATTRIBUTE_TYPE pair[2], CK_OBJECT_HANDLE *object);

/*
 * One whose value can be read, by C_UnwrapKey. value_len: how long it will be, for tokens that have
 * to be told; 0: nobody knows.
 */
CK_RV env_session_object_unwrap(struct env_key_use *use, CK_MECHANISM *mechanism, CK_BYTE *wrapped,
                                CK_ULONG len, CK_ULONG value_len, CK_OBJECT_HANDLE *object);

void env_session_object_destroy(struct env_key_use *use, CK_OBJECT_HANDLE object);

#endif
