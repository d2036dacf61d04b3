/* SPDX-License-Identifier: Apache-2.0 */
/* Wrapping DEKs with an AES KEK: AES-KW, AES-KWP and AES-GCM. */
#ifndef ENVELOPE_WRAP_AES_H
#define ENVELOPE_WRAP_AES_H

#include "keymgmt/wrap/aes_mechanisms.h"
#include "keymgmt/wrap/gcm_iv.h"
#include "keymgmt/wrap/unwrap_dek.h"

struct env_aes_wrapping {
    struct env_aes_method method;
    const uint8_t *dek;
    struct env_wrapped *out;
    struct env_token_ivs *ivs; /* of the key */
    enum env_iv_place *place;  /* of AES-GCM's, learnt at first use */
};

/* arg is an env_aes_wrapping. Fails with WRAP_FAILED, TOKEN_IV or TOKEN_IV_MOVED. */
ENV_RESULT env_aes_wrap(struct env_key_use *use, void *arg);

/* arg is an env_unwrapping. Fails with KEK_USAGE, or as env_unwrap_dek does. */
ENV_RESULT env_aes_unwrap(struct env_key_use *use, void *arg);

#endif
