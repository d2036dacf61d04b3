/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/wrap_standard.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <string.h>

#include "provider/ciphers/selector_key.h"
#include "provider/ciphers/stock.h"
#include "provider/ciphers/wrap_common.h"

#define MARK_LEN (sizeof(ENV_STANDARD_MARK) - 1)

struct standard_ctx {
    struct env_wrap_once once; /* with a KEK */
    EVP_CIPHER_CTX *stock;     /* with a raw key; NULL while no other provider offers the cipher */
    bool keyed;                /* a key or a KEK has been given: */
    bool marked;               /* a KEK */
    bool other_iv;             /* the IV that was given last is not the default one */
    char label[ENV_SELECTOR_KEY_LEN + 1]; /* of the KEK, or "" */
};

/* ---- contexts ---- */

/* Asked again until there is one: providers that openssl.cnf lists after us come later. */
static bool have_stock(struct standard_ctx *ctx)
{
    EVP_CIPHER *cipher;

    if (ctx->stock != NULL)
        return true;
    cipher = env_stock_cipher(ctx->once.provctx, ctx->once.kind);
    if (cipher == NULL)
        return false;
    ctx->stock = EVP_CIPHER_CTX_new();
    if (ctx->stock != NULL && EVP_CipherInit_ex2(ctx->stock, cipher, NULL, NULL, 1, NULL) == 1)
        return true;
    EVP_CIPHER_CTX_free(ctx->stock);
    ctx->stock = NULL;
    return false;
}

static void *new_ctx(void *vprovctx, const struct env_wrap_kind *kind)
{
    struct standard_ctx *ctx = env_provctx_alloc(vprovctx, sizeof(*ctx));

    if (ctx == NULL)
        return NULL;
    ctx->once.provctx = vprovctx;
    ctx->once.kind = kind;
    (void)have_stock(ctx);
    return ctx;
}

static bool copy_stock(const struct standard_ctx *from, struct standard_ctx *to)
{
    to->stock = NULL;
    if (from->stock == NULL)
        return true;
    to->stock = EVP_CIPHER_CTX_new();
    return to->stock != NULL && EVP_CIPHER_CTX_copy(to->stock, from->stock) == 1;
}

/* ---- which of the two ---- */

static bool is_marked(const struct standard_ctx *ctx, struct env_span key)
{
    return key.len == env_wrap_key_len(ctx->once.kind) &&
           memcmp(key.data, ENV_STANDARD_MARK, MARK_LEN) == 0 && !ctx->once.provctx->inside_token();
}

/* From here on the context is one with a KEK; a raw key that it had is forgotten. */
static ENV_RESULT take_selector(struct standard_ctx *ctx, struct env_span key)
{
    ctx->marked = true;
    ctx->keyed = false;
    EVP_CIPHER_CTX_free(ctx->stock);
    ctx->stock = NULL;
    (void)have_stock(ctx);
    ENV_TRY(env_provctx_ready(ctx->once.provctx));
    ENV_TRY(env_selector_from_bytes(key.data + MARK_LEN, key.len - MARK_LEN, ctx->label));
    ctx->keyed = true;
    return ENV_OK;
}

static ENV_RESULT init_with_kek(struct standard_ctx *ctx, bool wrapping, const OSSL_PARAM params[])
{
    if (!ctx->keyed) /* the bytes that were to name a KEK did not */
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (ctx->other_iv)
        return ENV_FAIL(ENV_R_DEFAULT_IV_ONLY);
    ENV_TRY(env_wrap_set_key_len(&ctx->once, params));
    env_wrap_begin(&ctx->once, wrapping);
    return ENV_OK;
}

/*
 * The stock cipher's own errors are on the stack when it fails. Without a key it may be missing: a
 * KEK can still be named.
 */
static ENV_RESULT init_stock(struct standard_ctx *ctx, bool wrapping, struct env_span key,
                             struct env_span iv, const OSSL_PARAM params[])
{
    if (!have_stock(ctx))
        return key.data != NULL ? ENV_FAIL(ENV_R_NO_STOCK_CIPHER) : ENV_OK;
    if (EVP_CipherInit_ex2(ctx->stock, NULL, key.data, iv.data, wrapping ? 1 : 0, params) != 1)
        return (ENV_RESULT){ENV_R_CRYPTO_FAILED, true, 0};
    ctx->keyed = ctx->keyed || key.data != NULL;
    return ENV_OK;
}

static ENV_RESULT init(struct standard_ctx *ctx, bool wrapping, struct env_span key,
                       struct env_span iv, const OSSL_PARAM params[])
{
    ctx->once.initialised = false;
    if (iv.data != NULL)
        ctx->other_iv = !env_wrap_default_iv(ctx->once.kind, iv.data, iv.len);
    if (key.data != NULL && is_marked(ctx, key)) {
        ENV_TRY(take_selector(ctx, key));
    } else if (key.data != NULL) {
        if (key.len != env_wrap_key_len(ctx->once.kind))
            return ENV_FAIL(ENV_R_WRAP_KEY_LENGTH);
        if (ctx->marked)
            ctx->keyed = false;
        ctx->marked = false;
        OPENSSL_cleanse(ctx->label, sizeof(ctx->label));
    }
    return ctx->marked ? init_with_kek(ctx, wrapping, params)
                       : init_stock(ctx, wrapping, key, iv, params);
}

static ENV_RESULT update_stock(struct standard_ctx *ctx, struct env_span in, unsigned char *out,
                               size_t out_size, size_t *out_len)
{
    int n = 0;

    *out_len = 0;
    if (!ctx->keyed || ctx->stock == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (out_size < in.len) /* as the stock cipher judges it */
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    if (in.len > INT_MAX)
        return ENV_FAIL(ENV_R_INPUT_LENGTH);
    if (EVP_CipherUpdate(ctx->stock, out, &n, in.data, (int)in.len) != 1 || n < 0)
        return (ENV_RESULT){ENV_R_CRYPTO_FAILED, true, 0};
    *out_len = (size_t)n;
    return ENV_OK;
}

static ENV_RESULT final_stock(struct standard_ctx *ctx, unsigned char *out, size_t *out_len)
{
    int n = 0;

    if (ctx->stock == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (EVP_CipherFinal_ex(ctx->stock, out, &n) != 1 || n < 0)
        return (ENV_RESULT){ENV_R_CRYPTO_FAILED, true, 0};
    *out_len = (size_t)n;
    return ENV_OK;
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_cipher_freectx_fn freectx;
static OSSL_FUNC_cipher_dupctx_fn dupctx;
static OSSL_FUNC_cipher_encrypt_init_fn encrypt_init;
static OSSL_FUNC_cipher_decrypt_init_fn decrypt_init;
static OSSL_FUNC_cipher_update_fn update;
static OSSL_FUNC_cipher_final_fn final;
static OSSL_FUNC_cipher_gettable_params_fn gettable_params;
static OSSL_FUNC_cipher_get_ctx_params_fn get_ctx_params;
static OSSL_FUNC_cipher_gettable_ctx_params_fn gettable_ctx_params;
static OSSL_FUNC_cipher_set_ctx_params_fn set_ctx_params;
static OSSL_FUNC_cipher_settable_ctx_params_fn settable_ctx_params;

static void freectx(void *vctx)
{
    struct standard_ctx *ctx = vctx;

    if (ctx == NULL)
        return;
    EVP_CIPHER_CTX_free(ctx->stock);
    OPENSSL_clear_free(ctx, sizeof(*ctx));
}

static void *dupctx(void *vctx)
{
    const struct standard_ctx *from = vctx;
    struct standard_ctx *to = OPENSSL_memdup(from, sizeof(*from));

    if (to != NULL && copy_stock(from, to))
        return to;
    freectx(to);
    (void)ENV_EDGE_FAIL(from->once.provctx, ENV_FAIL(ENV_R_NO_MEMORY));
    return NULL;
}

static int encrypt_init(void *vctx, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    struct standard_ctx *ctx = vctx;
    ENV_RESULT r =
        init(ctx, true, (struct env_span){key, key_len}, (struct env_span){iv, iv_len}, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static int decrypt_init(void *vctx, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    struct standard_ctx *ctx = vctx;
    ENV_RESULT r =
        init(ctx, false, (struct env_span){key, key_len}, (struct env_span){iv, iv_len}, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static int update(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    struct standard_ctx *ctx = vctx;
    struct env_selector selector = {.marked = ctx->label[0] != '\0' ? ctx->label : NULL};
    ENV_RESULT r;

    if (ctx->marked)
        r = env_wrap_update(&ctx->once, &selector, in, in_len, out, out_size, out_len);
    else
        r = update_stock(ctx, (struct env_span){in, in_len}, out, out_size, out_len);
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static int final(void *vctx, unsigned char *out, size_t *out_len, size_t out_size)
{
    struct standard_ctx *ctx = vctx;
    ENV_RESULT r;

    (void)out_size;
    *out_len = 0;
    r = ctx->marked ? env_wrap_final(&ctx->once) : final_stock(ctx, out, out_len);
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static const OSSL_PARAM *gettable_params(void *vprovctx)
{
    return env_wrap_gettable_params(vprovctx);
}

static int get_ctx_params(void *vctx, OSSL_PARAM params[])
{
    const struct standard_ctx *ctx = vctx;

    return ctx->stock != NULL ? EVP_CIPHER_CTX_get_params(ctx->stock, params)
                              : env_wrap_get_params(ctx->once.kind, params);
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct standard_ctx *ctx = vctx;
    ENV_RESULT r;

    if (ctx->stock != NULL)
        return EVP_CIPHER_CTX_set_params(ctx->stock, params);
    r = env_wrap_set_key_len(&ctx->once, params);
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

/* Those of the stock cipher; the six have the same ones. */
static const OSSL_PARAM *gettable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM own[] = {
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
        OSSL_PARAM_END,
    };
    EVP_CIPHER *stock = env_stock_cipher(vprovctx, &env_wrap_kind_256);

    (void)vctx;
    return stock != NULL ? EVP_CIPHER_gettable_ctx_params(stock) : own;
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM own[] = {
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_END,
    };
    EVP_CIPHER *stock = env_stock_cipher(vprovctx, &env_wrap_kind_256);

    (void)vctx;
    return stock != NULL ? EVP_CIPHER_settable_ctx_params(stock) : own;
}

/* The six differ in how a context is made and in what libcrypto is told of them. */
#define STANDARD_KIND(name)                                                                        \
    static OSSL_FUNC_cipher_newctx_fn newctx_##name;                                               \
    static OSSL_FUNC_cipher_get_params_fn get_params_##name;                                       \
                                                                                                   \
    static void *newctx_##name(void *vprovctx)                                                     \
    {                                                                                              \
        return new_ctx(vprovctx, &env_wrap_kind_##name);                                           \
    }                                                                                              \
                                                                                                   \
    static int get_params_##name(OSSL_PARAM params[])                                              \
    {                                                                                              \
        return env_wrap_get_params(&env_wrap_kind_##name, params);                                 \
    }

STANDARD_KIND(128)
STANDARD_KIND(192)
STANDARD_KIND(256)
STANDARD_KIND(128_pad)
STANDARD_KIND(192_pad)
STANDARD_KIND(256_pad)

/* No OSSL_FUNC_CIPHER_CIPHER, like the stock ones: EVP_Cipher returns 1 for both. */
#define STANDARD_FUNCTIONS(name)                                                                   \
    const OSSL_DISPATCH env_standard_##name##_functions[] = {                                      \
        {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))newctx_##name},                                  \
        {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))freectx},                                       \
        {OSSL_FUNC_CIPHER_DUPCTX, (void (*)(void))dupctx},                                         \
        {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))encrypt_init},                             \
        {OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))decrypt_init},                             \
        {OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))update},                                         \
        {OSSL_FUNC_CIPHER_FINAL, (void (*)(void)) final},                                          \
        {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_params_##name},                          \
        {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, (void (*)(void))gettable_params},                       \
        {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (void (*)(void))get_ctx_params},                         \
        {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_ctx_params},               \
        {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},                         \
        {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},               \
        {0, NULL},                                                                                 \
    }

STANDARD_FUNCTIONS(128);
STANDARD_FUNCTIONS(192);
STANDARD_FUNCTIONS(256);
STANDARD_FUNCTIONS(128_pad);
STANDARD_FUNCTIONS(192_pad);
STANDARD_FUNCTIONS(256_pad);
