/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/pkey_context.h"

#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "provider/common/application_context.h"
#include "provider/common/params.h"

static ENV_RESULT set_params(struct env_pkey_context *ctx, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = NULL;

    if (params != NULL)
        p = OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_CONTEXT);
    if (p == NULL)
        return ENV_OK;
    ENV_TRY(env_context_from_param(ctx->provctx, p, ctx->context, &ctx->context_len));
    ctx->has_context = true;
    return ENV_OK;
}

static ENV_RESULT init(struct env_pkey_context *ctx, struct env_key *key, const OSSL_PARAM params[])
{
    ENV_TRY(env_provctx_ready(ctx->provctx));
    if (key == NULL || key->kek == NULL)
        return ENV_FAIL(ENV_R_NO_KEY);
    env_key_free(ctx->key);
    ctx->key = env_key_up_ref(key);
    ctx->has_context = false;
    ctx->context_len = 0;
    return set_params(ctx, params);
}

static ENV_RESULT make(struct env_provctx *provctx, struct env_pkey_context **out)
{
    void *object = NULL;

    ENV_TRY(env_provctx_object(provctx, sizeof(**out), &object));
    *out = object;
    (*out)->provctx = provctx;
    return ENV_OK;
}

static ENV_RESULT duplicate(const struct env_pkey_context *from, struct env_pkey_context **out)
{
    *out = OPENSSL_memdup(from, sizeof(*from));
    if (*out == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (from->key != NULL)
        (void)env_key_up_ref(from->key);
    return ENV_OK;
}

ENV_RESULT env_pkey_check_key(const struct env_pkey_context *ctx)
{
    return ctx->key != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_KEY);
}

ENV_RESULT env_pkey_check_room(const struct env_pkey_context *ctx, size_t len, size_t room)
{
    return len <= room ? ENV_OK
                       : ENV_RAISE(&ctx->provctx->errors, ENV_R_OUTPUT_TOO_SMALL,
                                   "%zu bytes are needed", len);
}

/* ---- what libcrypto calls ---- */

void *env_pkey_newctx(void *vprovctx)
{
    struct env_provctx *provctx = vprovctx;
    struct env_pkey_context *ctx = NULL;

    return ENV_EDGE_IN(provctx, provctx, make(provctx, &ctx)) ? ctx : NULL;
}

void env_pkey_freectx(void *vctx)
{
    struct env_pkey_context *ctx = vctx;

    if (ctx == NULL)
        return;
    env_key_free(ctx->key);
    OPENSSL_clear_free(ctx, sizeof(*ctx));
}

void *env_pkey_dupctx(void *vctx)
{
    const struct env_pkey_context *ctx = vctx;
    struct env_pkey_context *copy = NULL;

    return ENV_EDGE(ctx, duplicate(ctx, &copy)) ? copy : NULL;
}

int env_pkey_init(void *vctx, void *vkey, const OSSL_PARAM params[])
{
    struct env_pkey_context *ctx = vctx;

    return ENV_EDGE(ctx, init(ctx, vkey, params));
}

int env_pkey_set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct env_pkey_context *ctx = vctx;

    return ENV_EDGE(ctx, set_params(ctx, params));
}

const OSSL_PARAM *env_pkey_settable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(ENV_CIPHER_PARAM_CONTEXT, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}
