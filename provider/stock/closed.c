/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/closed.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "provider/common/edge.h"
#include "provider/stock/instance.h"
#include "provider/stock/marked_calls.h"
#include "provider/stock/slots.h"

struct closed_ctx {
    struct env_provctx *provctx;
    const char *name;
};

static ENV_RESULT make(struct env_provctx *provctx, const char *name, void **out)
{
    struct closed_ctx *ctx;

    ENV_TRY(env_provctx_object(provctx, sizeof(*ctx), out));
    ctx = *out;
    *ctx = (struct closed_ctx){provctx, name};
    return ENV_OK;
}

static void *new_ctx(struct env_provctx *provctx, const char *name)
{
    void *ctx = NULL;

    return ENV_EDGE_IN(provctx, provctx, make(provctx, name, &ctx)) ? ctx : NULL;
}

/* A configuration error may be the reason. */
static ENV_RESULT refuse(const struct closed_ctx *ctx)
{
    const struct env_stock *stock = ctx->provctx->stock;
    enum env_reason reason = ENV_R_STOCK_NOT_THERE;

    ENV_TRY(env_provctx_ready(ctx->provctx));
    if (stock->slot == ENV_STOCK_NO_SLOT)
        reason = ENV_R_STOCK_NO_ROOM;
    else if (atomic_load(&stock->no_memory))
        reason = ENV_R_NO_MEMORY;
    return ENV_RAISE(&ctx->provctx->errors, reason, "%s", ctx->name);
}

static int refuse_call(const struct closed_ctx *ctx)
{
    return ENV_EDGE(ctx, refuse(ctx));
}

static OSSL_FUNC_cipher_freectx_fn free_ctx;
static OSSL_FUNC_cipher_dupctx_fn dup_ctx;
static OSSL_FUNC_cipher_encrypt_init_fn init;
static OSSL_FUNC_cipher_update_fn update;
static OSSL_FUNC_cipher_final_fn final;
static OSSL_FUNC_cipher_cipher_fn cipher;
static OSSL_FUNC_kdf_reset_fn reset;
static OSSL_FUNC_kdf_derive_fn derive;
static OSSL_FUNC_kdf_set_ctx_params_fn set_ctx_params;
static OSSL_FUNC_kdf_newctx_fn pbkdf2_newctx;

static void free_ctx(void *vctx)
{
    OPENSSL_free(vctx);
}

static void *dup_ctx(void *vctx)
{
    const struct closed_ctx *ctx = vctx;
    void *copy = NULL;

    return ENV_EDGE(ctx, make(ctx->provctx, ctx->name, &copy)) ? copy : NULL;
}

static int init(void *vctx, const unsigned char *key, size_t key_len, const unsigned char *iv,
                size_t iv_len, const OSSL_PARAM params[])
{
    (void)key;
    (void)key_len;
    (void)iv;
    (void)iv_len;
    (void)params;
    return refuse_call(vctx);
}

static int update(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    (void)out;
    (void)out_size;
    (void)in;
    (void)in_len;
    if (out_len != NULL)
        *out_len = 0;
    return refuse_call(vctx);
}

static int final(void *vctx, unsigned char *out, size_t *out_len, size_t out_size)
{
    (void)out;
    (void)out_size;
    if (out_len != NULL)
        *out_len = 0;
    return refuse_call(vctx);
}

static int cipher(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    return update(vctx, out, out_len, out_size, in, in_len);
}

/* ---- queries before there is a key ---- */

static bool answer_size(OSSL_PARAM params[], const char *key, size_t value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, key);

    return p == NULL || OSSL_PARAM_set_size_t(p, value) == 1;
}

static bool answer_flag(OSSL_PARAM params[], const char *key, bool value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, key);

    return p == NULL || OSSL_PARAM_set_int(p, value) == 1;
}

static int answer(const struct env_stock_cipher *stock, OSSL_PARAM params[])
{
    OSSL_PARAM *mode = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE);

    return answer_size(params, OSSL_CIPHER_PARAM_KEYLEN, stock->key_len) &&
           answer_size(params, OSSL_CIPHER_PARAM_IVLEN, stock->iv_len) &&
           answer_size(params, OSSL_CIPHER_PARAM_BLOCK_SIZE, stock->block) &&
           (mode == NULL || OSSL_PARAM_set_uint(mode, stock->mode) == 1) &&
           answer_flag(params, OSSL_CIPHER_PARAM_AEAD, (stock->flags & ENV_STOCK_AEAD) != 0) &&
           answer_flag(params, OSSL_CIPHER_PARAM_CTS, (stock->flags & ENV_STOCK_CTS) != 0) &&
           answer_flag(params, OSSL_CIPHER_PARAM_CUSTOM_IV,
                       (stock->flags & ENV_STOCK_CUSTOM_IV) != 0) &&
           answer_flag(params, OSSL_CIPHER_PARAM_HAS_RAND_KEY,
                       (stock->flags & ENV_STOCK_RANDOM_KEY) != 0);
}

#define CLOSED(id, name_, key, iv, block, mode, flags)                                             \
    static OSSL_FUNC_cipher_newctx_fn newctx_##id;                                                 \
    static OSSL_FUNC_cipher_get_params_fn get_params_##id;                                         \
                                                                                                   \
    static void *newctx_##id(void *provctx)                                                        \
    {                                                                                              \
        return new_ctx(provctx, name_);                                                            \
    }                                                                                              \
                                                                                                   \
    static int get_params_##id(OSSL_PARAM params[])                                                \
    {                                                                                              \
        return answer(&env_stock_ciphers[ENV_STOCK_##id], params);                                 \
    }                                                                                              \
                                                                                                   \
    static const OSSL_DISPATCH functions_##id[] = {                                                \
        {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))newctx_##id},                                    \
        {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))free_ctx},                                      \
        {OSSL_FUNC_CIPHER_DUPCTX, (void (*)(void))dup_ctx},                                        \
        {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))init},                                     \
        {OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))init},                                     \
        {OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))update},                                         \
        {OSSL_FUNC_CIPHER_FINAL, (void (*)(void)) final},                                          \
        {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))cipher},                                         \
        {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_params_##id},                            \
        {0, NULL},                                                                                 \
    };

ENV_STOCK_CIPHERS(CLOSED)

#define CLOSED_ROW(id, name, key, iv, block, mode, flags) functions_##id,

const OSSL_DISPATCH *const env_closed_ciphers[ENV_STOCK_CIPHER_COUNT] = {
    ENV_STOCK_CIPHERS(CLOSED_ROW)};

/* ---- PBKDF2 ---- */

static void *pbkdf2_newctx(void *provctx)
{
    return new_ctx(provctx, ENV_STOCK_PBKDF2);
}

static void reset(void *vctx)
{
    (void)vctx;
}

static int derive(void *vctx, unsigned char *key, size_t len, const OSSL_PARAM params[])
{
    const struct closed_ctx *ctx = vctx;

    (void)params;
    if (ctx != NULL && !ctx->provctx->foreign_libcrypto)
        env_kdf_spoil(ctx->provctx, key, len);
    return refuse_call(vctx);
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    (void)params;
    return refuse_call(vctx);
}

const OSSL_DISPATCH env_closed_pbkdf2[] = {
    {OSSL_FUNC_KDF_NEWCTX, (void (*)(void))pbkdf2_newctx},
    {OSSL_FUNC_KDF_FREECTX, (void (*)(void))free_ctx},
    {OSSL_FUNC_KDF_DUPCTX, (void (*)(void))dup_ctx},
    {OSSL_FUNC_KDF_RESET, (void (*)(void))reset},
    {OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive},
    {OSSL_FUNC_KDF_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},
    {0, NULL},
};
