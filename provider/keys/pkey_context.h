/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context of an operation with one EVP_PKEY, and the callbacks that KEM and ASYM_CIPHER share:
 * their types in core_dispatch.h differ in name only.
 */
#ifndef ENVELOPE_PKEY_CONTEXT_H
#define ENVELOPE_PKEY_CONTEXT_H

#include <openssl/core_dispatch.h>

#include "envelope/message/stream.h"
#include "provider/common/edge.h"
#include "provider/keys/kek_key.h"

struct env_pkey_context {
    struct env_provctx *provctx;
    struct env_key *key; /* NULL: not initialised */
    bool has_context;    /* the parameter "context" was set since the init */
    size_t context_len;
    uint8_t context[ENV_CONTEXT_MAX];
};

/* Fails with NO_KEY before the init. */
ENV_RESULT env_pkey_check_key(const struct env_pkey_context *ctx);

/* Fails with OUTPUT_TOO_SMALL, naming the required length, if len is more than room. */
ENV_RESULT env_pkey_check_room(const struct env_pkey_context *ctx, size_t len, size_t room);

OSSL_FUNC_kem_newctx_fn env_pkey_newctx;
OSSL_FUNC_kem_freectx_fn env_pkey_freectx;
OSSL_FUNC_kem_dupctx_fn env_pkey_dupctx;

/* For both directions. Fails with NO_KEY, or as set_ctx_params does. */
OSSL_FUNC_kem_encapsulate_init_fn env_pkey_init;

/* "context": at most 4096 octets. Fails with BAD_PARAMETER or CONTEXT_TOO_LONG. */
OSSL_FUNC_kem_set_ctx_params_fn env_pkey_set_ctx_params;
OSSL_FUNC_kem_settable_ctx_params_fn env_pkey_settable_ctx_params;

#endif
