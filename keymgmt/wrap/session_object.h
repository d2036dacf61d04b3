/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that exist in a token's session for one operation: created from bytes in order to be
 * wrapped, or unwrapped in order to be read. All templates of such objects are here.
 */
#ifndef ENVELOPE_SESSION_OBJECT_H
#define ENVELOPE_SESSION_OBJECT_H

#include "keymgmt/wrap/key_use.h"

/* Creates one that can be wrapped. */
CK_RV env_session_object_secret(struct env_key_use *use, const uint8_t *value, size_t len,
                                CK_OBJECT_HANDLE *object);

/* Creates an AES key that has two uses, such as CKA_WRAP and CKA_UNWRAP, and no others. */
CK_RV env_session_object_aes(struct env_key_use *use, const uint8_t *value, size_t len,
                             const CK_ATTRIBUTE_TYPE pair[2], CK_OBJECT_HANDLE *object);

/*
 * Creates one whose value can be read, by C_UnwrapKey. value_len is its length, for tokens that
 * need it; 0: not known.
 */
CK_RV env_session_object_unwrap(struct env_key_use *use, CK_MECHANISM *mechanism, CK_BYTE *wrapped,
                                CK_ULONG len, CK_ULONG value_len, CK_OBJECT_HANDLE *object);

void env_session_object_destroy(struct env_key_use *use, CK_OBJECT_HANDLE object);

#endif
