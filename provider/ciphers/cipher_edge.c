/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/cipher_edge.h"

#include <openssl/crypto.h>

ENV_RESULT env_cipher_ctx_new(struct env_provctx *provctx, const struct env_cipher_family *family,
                              void **out)
{
    struct env_cipher_ctx *ctx;

    ENV_TRY(env_provctx_object(provctx, family->ctx_size, out));
    ctx = *out;
    ctx->provctx = provctx;
    ctx->family = family;
    return ENV_OK;
}

void env_cipher_freectx(void *vctx)
{
    struct env_cipher_ctx *ctx = vctx;

    if (ctx == NULL)
        return;
    ctx->family->clear(ctx);
    OPENSSL_clear_free(ctx, ctx->family->ctx_size);
}

static ENV_RESULT duplicate(const struct env_cipher_ctx *from, struct env_cipher_ctx **to)
{
    struct env_cipher_ctx *copy = OPENSSL_memdup(from, from->family->ctx_size);
    ENV_RESULT r;

    if (copy == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = copy->family->separate(copy, from);
    if (env_ok(r))
        *to = copy;
    else
        env_cipher_freectx(copy);
    return r;
}

void *env_cipher_dupctx(void *vctx)
{
    const struct env_cipher_ctx *ctx = vctx;
    struct env_cipher_ctx *copy = NULL;

    return ENV_EDGE(ctx, duplicate(ctx, &copy)) ? copy : NULL;
}

int env_cipher_encrypt_init(void *vctx, const unsigned char *key, size_t key_len,
                            const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    const struct env_cipher_init with = {true, {key, key_len}, NULL, {iv, iv_len}};
    struct env_cipher_ctx *ctx = vctx;

    return ENV_EDGE(ctx, ctx->family->init(ctx, &with, params));
}

int env_cipher_decrypt_init(void *vctx, const unsigned char *key, size_t key_len,
                            const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    const struct env_cipher_init with = {false, {key, key_len}, NULL, {iv, iv_len}};
    struct env_cipher_ctx *ctx = vctx;

    return ENV_EDGE(ctx, ctx->family->init(ctx, &with, params));
}

int env_cipher_encrypt_skey_init(void *vctx, void *skey, const unsigned char *iv, size_t iv_len,
                                 const OSSL_PARAM params[])
{
    const struct env_cipher_init with = {true, {NULL, 0}, skey, {iv, iv_len}};
    struct env_cipher_ctx *ctx = vctx;

    return ENV_EDGE(ctx, ctx->family->init(ctx, &with, params));
}

int env_cipher_decrypt_skey_init(void *vctx, void *skey, const unsigned char *iv, size_t iv_len,
                                 const OSSL_PARAM params[])
{
    const struct env_cipher_init with = {false, {NULL, 0}, skey, {iv, iv_len}};
    struct env_cipher_ctx *ctx = vctx;

    return ENV_EDGE(ctx, ctx->family->init(ctx, &with, params));
}

/* Sets the length that was written and passes the result on. */
static int with_length(int ok, const struct env_io *io, size_t *out_len)
{
    if (out_len != NULL)
        *out_len = ok ? io->written : 0;
    return ok;
}

int env_cipher_update(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                      const unsigned char *in, size_t in_len)
{
    struct env_io io = {.in = in, .in_len = in_len, .out = out, .out_size = out_size};
    struct env_cipher_ctx *ctx = vctx;

    return with_length(ENV_EDGE(ctx, ctx->family->update(ctx, &io)), &io, out_len);
}

int env_cipher_final(void *vctx, unsigned char *out, size_t *out_len, size_t out_size)
{
    struct env_io io = {.out = out, .out_size = out_size};
    struct env_cipher_ctx *ctx = vctx;

    return with_length(ENV_EDGE(ctx, ctx->family->final(ctx, &io)), &io, out_len);
}

int env_cipher_cipher(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                      const unsigned char *in, size_t in_len)
{
    return in != NULL ? env_cipher_update(vctx, out, out_len, out_size, in, in_len)
                      : env_cipher_final(vctx, out, out_len, out_size);
}

/* If a parameter could not be set, libcrypto has raised its own error. */
static ENV_RESULT get_params(const struct env_cipher_ctx *ctx, OSSL_PARAM params[])
{
    return ctx->family->get_params(ctx, params) ? ENV_OK
                                                : (ENV_RESULT){ENV_R_BAD_PARAMETER, true, 0};
}

int env_cipher_get_ctx_params(void *vctx, OSSL_PARAM params[])
{
    const struct env_cipher_ctx *ctx = vctx;

    return ENV_EDGE(ctx, get_params(ctx, params));
}

int env_cipher_set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct env_cipher_ctx *ctx = vctx;

    return ENV_EDGE(ctx, ctx->family->set_params(ctx, params));
}
