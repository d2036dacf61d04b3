/* SPDX-License-Identifier: Apache-2.0 */
/* What mechanism_aes.c and wrap_aes.c share. */
#ifndef ENVELOPE_AES_FAMILY_H
#define ENVELOPE_AES_FAMILY_H

#include "wrap_aes.h"

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

#endif
