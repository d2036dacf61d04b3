/* SPDX-License-Identifier: Apache-2.0 */
/* What mechanism_aes.c, wrap_aes.c and the raw key wrap share. */
#ifndef ENVELOPE_AES_FAMILY_H
#define ENVELOPE_AES_FAMILY_H

#include "keymgmt/wrap/key_use.h"
#include "keymgmt/wrap/wrap_aes.h"

struct env_aes_family_info {
    CK_MECHANISM_TYPE type;
    const char *name;
    unsigned index; /* in env_token.mechanisms */
    enum env_wrap_choice choice;
    enum env_wrap_alg alg128;
    size_t wrapped_len; /* of a DEK */
};

const struct env_aes_family_info *env_aes_family_info(enum env_aes_family family);

bool env_aes_can(unsigned uses, enum env_aes_family family, enum env_aes_way way);

/* A session object with that value, to be wrapped. */
CK_RV env_aes_create_secret(struct env_key_use *use, const uint8_t *value, size_t len,
                            CK_OBJECT_HANDLE *object);

/* Unwraps into a session object whose value can be read. */
CK_RV env_aes_unwrap_key(struct env_key_use *use, CK_MECHANISM *mechanism, const uint8_t *wrapped,
                         size_t len, CK_OBJECT_HANDLE *object);

void env_aes_destroy(struct env_key_use *use, CK_OBJECT_HANDLE object);

/* What C_Decrypt or C_UnwrapKey answered; an ambiguous code keeps its loss, to be probed. */
ENV_RESULT env_aes_open_failed(const struct env_key_use *use, const char *function, CK_RV rv);

#endif
