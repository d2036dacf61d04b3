/* SPDX-License-Identifier: Apache-2.0 */
/* The four ways in which a token can wrap and unwrap bytes, with any mechanism. */
#ifndef ENVELOPE_WRAP_WAYS_H
#define ENVELOPE_WRAP_WAYS_H

#include "keymgmt/wrap/key_use.h"

enum env_wrap_way {
    ENV_WAY_ENCRYPT,    /* C_Encrypt wraps */
    ENV_WAY_WRAP_KEY,   /* C_WrapKey wraps a session object */
    ENV_WAY_DECRYPT,    /* C_Decrypt unwraps */
    ENV_WAY_UNWRAP_KEY, /* C_UnwrapKey unwraps into a session object, whose value is then read */
    ENV_WAYS
};

static inline bool env_way_wraps(enum env_wrap_way way)
{
    return way == ENV_WAY_ENCRYPT || way == ENV_WAY_WRAP_KEY;
}

struct env_wrap_call {
    CK_MECHANISM *mechanism;
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    CK_ULONG len;       /* in: the room in out; then: what the token says it wrote, unchecked */
    CK_ULONG value_len; /* the length of the unwrapped value, if known; else 0 */
    bool input_refused; /* the call that processed the ciphertext failed */
};

/*
 * Wrapping fails with WRAP_FAILED. Unwrapping fails with NOT_AUTHENTIC for a code that may mean a
 * bad ciphertext (the token has to be probed then), and otherwise with UNWRAP_FAILED.
 */
typedef ENV_RESULT env_wrap_way_fn(struct env_key_use *use, struct env_wrap_call *call);

extern env_wrap_way_fn *const env_wrap_ways[ENV_WAYS];

#endif
