/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a wrapped DEK on a token, with any mechanism. */
#ifndef ENVELOPE_UNWRAP_DEK_H
#define ENVELOPE_UNWRAP_DEK_H

#include "envelope/message/kek.h"
#include "keymgmt/wrap/wrap_ways.h"

/* The argument of env_aes_unwrap and env_rsa_unwrap. */
struct env_unwrapping {
    const struct env_wrapped *wrapped;
    const struct env_dek_check *check; /* NULL: any value is accepted */
    uint8_t *dek;
};

/*
 * With ENV_WAY_DECRYPT or ENV_WAY_UNWRAP_KEY. dek is set only on success. NOT_AUTHENTIC means a bad
 * ciphertext (the token has to be probed then) or a failed check, without a distinction. May also
 * fail with UNWRAP_FAILED.
 */
ENV_RESULT env_unwrap_dek(struct env_key_use *use, CK_MECHANISM *mechanism, enum env_wrap_way way,
                          const struct env_unwrapping *unwrapping);

#endif
