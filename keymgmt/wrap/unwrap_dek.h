/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a wrapped DEK in a token, by whatever mechanism. */
#ifndef ENVELOPE_UNWRAP_DEK_H
#define ENVELOPE_UNWRAP_DEK_H

#include "keymgmt/wrap/key_use.h"

/* The argument of operations that do so; see env_operation_fn. */
struct env_unwrapping {
    const struct env_wrapped *wrapped;
    const struct env_dek_check *check; /* NULL: whatever comes is taken */
    uint8_t *dek;
};

/*
 * By C_Decrypt, or else by C_UnwrapKey into a session object whose value is read. dek changes on
 * success alone. NOT_AUTHENTIC for a bad ciphertext (the token has to be probed then) and for what
 * the check does not hold of, without a difference; UNWRAP_FAILED.
 */
ENV_RESULT env_unwrap_dek(struct env_key_use *use, CK_MECHANISM *mechanism, bool by_decrypt,
                          const struct env_unwrapping *unwrapping);

#endif
