/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/pkey_context.h"

#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "provider/ciphers/envelope_cipher.h"

static ENV_RESULT set_params(struct env_pkey_context *ctx, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = NULL;

    if (params != NULL)
        p = OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_CONTEXT);
    if (p == NULL)
        return ENV_OK;
    if ((p->data_type != OSSL_PARAM_OCTET_STRING && p->data_type != OSSL_PARAM_UTF8_STRING) ||
        (p->data == NULL && p->data_size > 0))
        return ENV_RAISE(&ctx->provctx->errors, ENV_R_BAD_PARAMETER, "%s",
                         ENV_CIPHER_PARAM_CONTEXT);
    if (p->data_size > ENV_CONTEXT_MAX)
        return ENV_FAIL(ENV_R_CONTEXT_TOO_LONG);
    ctx->has_context = true;
    ctx->context_len = p->data_size;
    if (p->data_size > 0)
        memcpy(ctx->context, p->data, p->data_size);
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

void *env_pkey_newctx(void *vprovctx)
{
    struct env_pkey_context *ctx = env_provctx_alloc(vprovctx, sizeof(*ctx));

    if (ctx != NULL)
        ctx->provctx = vprovctx;
    return ctx;
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
    struct env_pkey_context *ctx = OPENSSL_memdup(vctx, sizeof(*ctx));

    if (ctx != NULL && ctx->key != NULL)
        (void)env_key_up_ref(ctx->key);
    return ctx;
}

int env_pkey_init(void *vctx, void *vkey, const OSSL_PARAM params[])
{
    struct env_pkey_context *ctx = vctx;
    ENV_RESULT r = init(ctx, vkey, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

int env_pkey_set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct env_pkey_context *ctx = vctx;
    ENV_RESULT r = set_params(ctx, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
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
