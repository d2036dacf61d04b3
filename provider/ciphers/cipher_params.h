/* SPDX-License-Identifier: Apache-2.0 */
/* What libcrypto is told of the ciphers, whatever their context. */
#ifndef ENVELOPE_CIPHER_PARAMS_H
#define ENVELOPE_CIPHER_PARAMS_H

#include <openssl/core_dispatch.h>

#include "envelope/message/stream.h"

/* 1 or 0, as libcrypto expects. */
int env_cipher_get_params(const struct env_stream_kind *kind, OSSL_PARAM params[]);

OSSL_FUNC_cipher_gettable_params_fn env_cipher_gettable_params;
OSSL_FUNC_cipher_gettable_ctx_params_fn env_cipher_gettable_ctx_params;
OSSL_FUNC_cipher_settable_ctx_params_fn env_cipher_settable_ctx_params;
OSSL_FUNC_cipher_settable_ctx_params_fn env_cipher_settable_rewrap_params;

#endif
