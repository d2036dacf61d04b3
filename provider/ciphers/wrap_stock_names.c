/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/wrap_stock_names.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "provider/ciphers/cipher_params.h"
#include "provider/ciphers/wrap_once.h"
#include "provider/common/selector_key.h"
#include "provider/stock/stand_in.h"
#include "provider/stock/wraps.h"

#define MARK_LEN (sizeof(ENV_STANDARD_MARK) - 1)

struct standard_ctx {
    struct env_wrap_once once; /* with a KEK */
    /*
     * With a raw key: stock OpenSSL's functions and context; NULL if no provider offers them yet.
     */
    const struct env_wrap_splice *splice;
    void *stock;
    bool fips;     /* fetched with fips=yes: stock OpenSSL's is, and a token is not */
    bool keyed;    /* a key or a KEK has been given */
    bool marked;   /* the key bytes named a KEK */
    bool other_iv; /* the last IV was not the default one */
    char label[ENV_SELECTOR_KEY_LEN + 1]; /* of the KEK, or "" */
};

static struct standard_ctx *standard(struct env_cipher_ctx *base)
{
    return (struct standard_ctx *)base;
}

static struct env_provctx *provctx_of(const struct standard_ctx *ctx)
{
    return ctx->once.base.provctx;
}

/* On failure the stock cipher's own errors are on the stack. */
static ENV_RESULT stock_result(bool done)
{
    return done ? ENV_OK : (ENV_RESULT){ENV_R_CRYPTO_FAILED, true, 0};
}

/* ---- contexts ---- */

static void forget_stock(struct standard_ctx *ctx)
{
    if (ctx->stock != NULL)
        ctx->splice->freectx(ctx->stock);
    ctx->stock = NULL;
}

/* Tried until it succeeds: providers that openssl.cnf lists after us are loaded later. */
static bool have_stock(struct standard_ctx *ctx)
{
    const struct env_wrap_kind *kind = ctx->once.kind;

    if (ctx->stock != NULL)
        return true;
    ctx->splice = env_wrap_splice(provctx_of(ctx), kind->index, kind->stock, ctx->fips);
    if (ctx->splice == NULL)
        return false;
    ctx->stock = ctx->splice->newctx(ctx->splice->stock);
    if (ctx->stock != NULL && ctx->splice->encrypt_init(ctx->stock, NULL, 0, NULL, 0, NULL) == 1)
        return true;
    forget_stock(ctx);
    return false;
}

static ENV_RESULT separate(struct env_cipher_ctx *copy, const struct env_cipher_ctx *base)
{
    const struct standard_ctx *from = (const struct standard_ctx *)base;
    struct standard_ctx *to = standard(copy);

    to->stock = NULL;
    if (from->stock == NULL)
        return ENV_OK;
    if (from->splice->dupctx != NULL)
        to->stock = from->splice->dupctx(from->stock);
    return to->stock != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

static void clear(struct env_cipher_ctx *base)
{
    forget_stock(standard(base));
}

/* ---- KEK or raw key ---- */

static bool is_marked(const struct standard_ctx *ctx, struct env_span key)
{
    return key.len == env_wrap_key_len(ctx->once.kind) &&
           memcmp(key.data, ENV_STANDARD_MARK, MARK_LEN) == 0 && !provctx_of(ctx)->inside_token();
}

/* A named key's stand-in is not a key, nor is a selector that was changed: they wrap nothing. */
static enum env_reason why_no_key(const struct standard_ctx *ctx, struct env_span key)
{
    const enum env_mark mark = env_mark_of(key.data, key.len);

    if (mark == ENV_MARK_NONE || mark == ENV_MARK_SELECTOR || provctx_of(ctx)->inside_token())
        return ENV_R_NONE;
    return mark == ENV_MARK_CHANGED ? ENV_R_SELECTOR_CHANGED : ENV_R_STAND_IN_MISPLACED;
}

/* From here on the context has a KEK. Forgets a raw key. */
static ENV_RESULT take_selector(struct standard_ctx *ctx, struct env_span key)
{
    ctx->marked = true;
    ctx->keyed = false;
    forget_stock(ctx);
    (void)have_stock(ctx);
    ENV_TRY(env_provctx_ready(provctx_of(ctx)));
    if (ctx->fips)
        return ENV_FAIL(ENV_R_SELECTOR_IN_FIPS);
    ENV_TRY(env_selector_from_bytes(key.data + MARK_LEN, key.len - MARK_LEN, ctx->label));
    ctx->keyed = true;
    return ENV_OK;
}

static ENV_RESULT init_with_kek(struct standard_ctx *ctx, bool wrapping, const OSSL_PARAM params[])
{
    if (!ctx->keyed) /* the marked bytes named no KEK */
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (ctx->other_iv)
        return ENV_FAIL(ENV_R_DEFAULT_IV_ONLY);
    ENV_TRY(env_wrap_check_key_len(&ctx->once, params));
    env_wrap_begin(&ctx->once, wrapping);
    return ENV_OK;
}

/* Without a key the stock cipher may be missing: a KEK can still be named later. */
static ENV_RESULT init_stock(struct standard_ctx *ctx, const struct env_cipher_init *with,
                             const OSSL_PARAM params[])
{
    const unsigned char *key = with->key.data;
    OSSL_FUNC_cipher_encrypt_init_fn *init_it;

    if (!have_stock(ctx))
        return key != NULL ? ENV_FAIL(ENV_R_NO_STOCK_CIPHER) : ENV_OK;
    init_it = with->encrypt ? ctx->splice->encrypt_init : ctx->splice->decrypt_init;
    ENV_TRY(stock_result(
        init_it(ctx->stock, key, with->key.len, with->iv.data, with->iv.len, params) == 1));
    ctx->keyed = ctx->keyed || key != NULL;
    return ENV_OK;
}

static ENV_RESULT init(struct env_cipher_ctx *base, const struct env_cipher_init *with,
                       const OSSL_PARAM params[])
{
    struct standard_ctx *ctx = standard(base);
    struct env_span key = with->key;
    enum env_reason wrong;

    ctx->once.initialised = false;
    if (with->iv.data != NULL)
        ctx->other_iv = !env_wrap_default_iv(ctx->once.kind, with->iv);
    if (key.data != NULL && is_marked(ctx, key)) {
        ENV_TRY(take_selector(ctx, key));
    } else if (key.data != NULL) {
        if (key.len != env_wrap_key_len(ctx->once.kind))
            return ENV_FAIL(ENV_R_WRAP_KEY_LENGTH);
        wrong = why_no_key(ctx, key);
        if (ctx->marked || wrong != ENV_R_NONE)
            ctx->keyed = false;
        if (wrong != ENV_R_NONE)
            return ENV_FAIL(wrong);
        ctx->marked = false;
        OPENSSL_cleanse(ctx->label, sizeof(ctx->label));
    }
    return ctx->marked ? init_with_kek(ctx, with->encrypt, params) : init_stock(ctx, with, params);
}

static ENV_RESULT update_stock(struct standard_ctx *ctx, struct env_io *io)
{
    size_t n = 0;

    if (!ctx->keyed || ctx->stock == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (io->out_size < io->in_len) /* like the stock cipher */
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    if (io->in_len > INT_MAX) /* libcrypto never passes more */
        return ENV_FAIL(ENV_R_INPUT_LENGTH);
    ENV_TRY(stock_result(
        ctx->splice->update(ctx->stock, io->out, &n, io->out_size, io->in, io->in_len) == 1));
    io->written = n;
    return ENV_OK;
}

static ENV_RESULT update(struct env_cipher_ctx *base, struct env_io *io)
{
    struct standard_ctx *ctx = standard(base);
    struct env_selector selector = {.marked = ctx->label[0] != '\0' ? ctx->label : NULL};

    return ctx->marked ? env_wrap_update(&ctx->once, &selector, io) : update_stock(ctx, io);
}

static ENV_RESULT final(struct env_cipher_ctx *base, struct env_io *io)
{
    struct standard_ctx *ctx = standard(base);
    size_t n = 0;

    if (ctx->marked)
        return env_wrap_final(&ctx->once);
    if (ctx->stock == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    ENV_TRY(stock_result(ctx->splice->final(ctx->stock, io->out, &n, io->out_size) == 1));
    io->written = n;
    return ENV_OK;
}

static bool answer_ctx(const struct env_cipher_ctx *base, OSSL_PARAM params[])
{
    const struct standard_ctx *ctx = (const struct standard_ctx *)base;

    return ctx->stock != NULL && ctx->splice->get_ctx_params != NULL
               ? ctx->splice->get_ctx_params(ctx->stock, params) == 1
               : env_wrap_answer(ctx->once.kind, params);
}

static ENV_RESULT set_params(struct env_cipher_ctx *base, const OSSL_PARAM params[])
{
    struct standard_ctx *ctx = standard(base);

    return ctx->stock != NULL && ctx->splice->set_ctx_params != NULL
               ? stock_result(ctx->splice->set_ctx_params(ctx->stock, params) == 1)
               : env_wrap_check_key_len(&ctx->once, params);
}

/* ---- what libcrypto calls ---- */

static ENV_RESULT make(struct env_provctx *provctx, const struct env_wrap_kind *kind, bool fips,
                       void **ctx)
{
    static const struct env_cipher_family family = {
        .ctx_size = sizeof(struct standard_ctx),
        .init = init,
        .update = update,
        .final = final,
        .separate = separate,
        .clear = clear,
        .get_params = answer_ctx,
        .set_params = set_params,
    };

    ENV_TRY(env_wrap_ctx_new(provctx, &family, kind, ctx));
    ((struct standard_ctx *)*ctx)->fips = fips;
    (void)have_stock(*ctx);
    return ENV_OK;
}

static void *new_ctx(struct env_provctx *provctx, const struct env_wrap_kind *kind, bool fips)
{
    void *ctx = NULL;

    return ENV_EDGE_IN(provctx, provctx, make(provctx, kind, fips, &ctx)) ? ctx : NULL;
}

static OSSL_FUNC_cipher_gettable_ctx_params_fn gettable_ctx_params;
static OSSL_FUNC_cipher_settable_ctx_params_fn settable_ctx_params;

/* The stock cipher's parameters apply to ours: all of them have the same ones. */
static const struct env_wrap_splice *any_stock(struct env_provctx *provctx)
{
    const struct env_wrap_kind *kind = &env_wrap_kind_256;

    const struct env_wrap_splice *stock = NULL;

    if (provctx != NULL)
        stock = env_wrap_splice(provctx, kind->index, kind->stock, false);
    if (stock == NULL && provctx != NULL)
        stock = env_wrap_splice(provctx, kind->index, kind->stock, true);
    return stock;
}

static const OSSL_PARAM *gettable_ctx_params(void *vctx, void *vprovctx)
{
    const struct env_wrap_splice *stock = any_stock(vprovctx);

    return stock != NULL && stock->gettable_ctx_params != NULL
               ? stock->gettable_ctx_params(NULL, stock->stock)
               : env_cipher_gettable_ctx_params(vctx, vprovctx);
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM own[] = {
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_END,
    };
    const struct env_wrap_splice *stock = any_stock(vprovctx);

    (void)vctx;
    return stock != NULL && stock->settable_ctx_params != NULL
               ? stock->settable_ctx_params(NULL, stock->stock)
               : own;
}

/*
 * They differ in their kind, and in whether they are for fips=yes. EVP_Cipher returns 1 instead of
 * a length, as with the stock ones.
 */
#define IMPLEMENT_CIPHER(name, kind, fips)                                                         \
    static OSSL_FUNC_cipher_newctx_fn name##_newctx;                                               \
    static OSSL_FUNC_cipher_get_params_fn name##_get_params;                                       \
                                                                                                   \
    static void *name##_newctx(void *vprovctx)                                                     \
    {                                                                                              \
        return new_ctx(vprovctx, &(kind), (fips));                                                 \
    }                                                                                              \
                                                                                                   \
    static int name##_get_params(OSSL_PARAM params[])                                              \
    {                                                                                              \
        return env_wrap_answer(&(kind), params);                                                   \
    }                                                                                              \
                                                                                                   \
    const OSSL_DISPATCH env_##name##_functions[] = {                                               \
        {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))name##_newctx},                                  \
        ENV_CIPHER_ROWS,                                                                           \
        {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))name##_get_params},                          \
        {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, (void (*)(void))env_wrap_gettable_params},              \
        {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_ctx_params},               \
        {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},               \
        {0, NULL},                                                                                 \
    }
#define IMPLEMENT_CIPHERS(name)                                                                    \
    IMPLEMENT_CIPHER(standard_##name, env_wrap_kind_##name, false);                                \
    IMPLEMENT_CIPHER(standard_##name##_fips, env_wrap_kind_##name, true)

IMPLEMENT_CIPHERS(128);
IMPLEMENT_CIPHERS(192);
IMPLEMENT_CIPHERS(256);
IMPLEMENT_CIPHERS(128_pad);
IMPLEMENT_CIPHERS(192_pad);
IMPLEMENT_CIPHERS(256_pad);
