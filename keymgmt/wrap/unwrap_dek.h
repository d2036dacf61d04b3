/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a wrapped DEK in a token, by whatever mechanism. */
#ifndef ENVELOPE_UNWRAP_DEK_H
#define ENVELOPE_UNWRAP_DEK_H

#include "envelope/message/kek.h"
#include "keymgmt/wrap/wrap_ways.h"

/* What env_aes_unwrap and env_rsa_unwrap work on. */
struct env_unwrapping {
    const struct env_wrapped *wrapped;
    const struct env_dek_check *check; /* NULL: whatever comes is taken */
    uint8_t *dek;
};

/*
 * By ENV_WAY_DECRYPT or ENV_WAY_UNWRAP_KEY. dek changes on success alone. NOT_AUTHENTIC for a bad
 * ciphertext (the token has to be probed then) and for what the check does not hold of, without a
 * difference; UNWRAP_FAILED.
 */
ENV_RESULT env_unwrap_dek(struct env_key_use *use, CK_MECHANISM *mechanism, enum env_wrap_way way,
                          const struct env_unwrapping *unwrapping);

#endif
