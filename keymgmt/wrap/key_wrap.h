/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key wrap (RFC 3394, RFC 5649) of the caller's data with an AES KEK: by C_Encrypt and C_Decrypt,
 * or by C_WrapKey and C_UnwrapKey on a session object.
 */
#ifndef ENVELOPE_KEY_WRAP_H
#define ENVELOPE_KEY_WRAP_H

#include "envelope/message/kek.h"
#include "keymgmt/wrap/key_use.h"

struct env_key_wrap_request {
    enum env_key_wrap_kind alg;
    const uint8_t *in;
    size_t in_len;
    uint8_t *out; /* has room for in_len + ENV_KEY_WRAP_SLACK bytes */
    size_t out_len;
};

/*
 * arg is the request. Fails with KEK_USAGE or WRAP_LENGTH; wrapping with WRAP_FAILED; unwrapping
 * with NOT_AUTHENTIC or UNWRAP_FAILED.
 */
ENV_RESULT env_aes_key_wrap(struct env_key_use *use, void *arg);
ENV_RESULT env_aes_key_unwrap(struct env_key_use *use, void *arg);

/* True if the key has a way to unwrap by alg, for any length. */
bool env_key_wrap_can_unwrap(unsigned uses, enum env_key_wrap_kind alg);

#endif
