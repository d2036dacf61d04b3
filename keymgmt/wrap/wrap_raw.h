/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key wrap (RFC 3394, RFC 5649) of what the caller brings, with an AES KEK: by C_Encrypt and
 * C_Decrypt, or by C_WrapKey and C_UnwrapKey on a session object.
 */
#ifndef ENVELOPE_WRAP_RAW_H
#define ENVELOPE_WRAP_RAW_H

#include "keymgmt/wrap/wrap_aes.h"

struct env_raw_request {
    enum env_raw_wrap alg;
    const uint8_t *in;
    size_t in_len;
    uint8_t *out; /* room for in_len + ENV_RAW_SLACK bytes */
    size_t out_len;
};

/*
 * Operations as env_kek_perform runs them; arg is the request. KEK_USAGE, WRAP_LENGTH, and
 * WRAP_FAILED or NOT_AUTHENTIC and UNWRAP_FAILED.
 */
ENV_RESULT env_raw_wrap(struct env_key_use *use, void *arg);
ENV_RESULT env_raw_unwrap(struct env_key_use *use, void *arg);

/* True when the key has a way to unwrap by alg, whatever the lengths. */
bool env_raw_can_unwrap(unsigned uses, enum env_raw_wrap alg);

/* One mechanism in one way, whether it is proven or not. */
ENV_RESULT env_raw_once(struct env_key_use *use, struct env_aes_method method,
                        struct env_raw_request *request);

#endif
