/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrap_cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "../keymgmt/kek_skeymgmt.h"
#include "cipher.h"
#include "cipher_params.h"
#include "kek_choice.h"
#include "provctx.h"
#include "stream.h"

struct rewrap_ctx {
    struct env_provctx *provctx;
    struct env_stream *stream;
    bool initialised;
    struct env_kek_choice choice;
};

static ENV_RESULT set_kek(struct rewrap_ctx *ctx, const OSSL_PARAM *p)
{
    if (ctx->stream->state != ENV_STREAM_NEW && ctx->stream->state != ENV_STREAM_DONE)
        return ENV_FAIL(ENV_R_PARAMETER_TOO_LATE);
    return env_kek_choice_param(&ctx->choice, p, &ctx->provctx->errors);
}

static ENV_RESULT set_params(struct rewrap_ctx *ctx, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p;
    size_t len = 0;

    if (params == NULL)
        return ENV_OK;
    if ((p = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_KEYLEN)) != NULL) {
        if (!OSSL_PARAM_get_size_t(p, &len))
            return ENV_RAISE(&ctx->provctx->errors, ENV_R_BAD_PARAMETER, "%s", p->key);
        if (len != ENV_SELECTOR_KEY_LEN)
            return ENV_FAIL(ENV_R_BAD_KEY_LENGTH);
    }
    p = OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_KEK);
    return p != NULL ? set_kek(ctx, p) : ENV_OK;
}

static ENV_RESULT init(struct rewrap_ctx *ctx, struct env_span key, const OSSL_PARAM params[])
{
    ctx->initialised = false;
    env_stream_reset(ctx->stream);
    ENV_TRY(env_provctx_ready(ctx->provctx));
    ENV_TRY(env_kek_choice_key(&ctx->choice, key, env_selector_from_key));
    ENV_TRY(set_params(ctx, params));
    ctx->initialised = true;
    return ENV_OK;
}

/* The key's URI goes where the kek parameter would, so that the KEK is found and judged as ever. */
static ENV_RESULT init_with_skey(struct rewrap_ctx *ctx, const void *skey,
                                 const OSSL_PARAM params[])
{
    ENV_RESULT r;

    if (skey != NULL)
        ctx->choice.key_refused = false;
    ENV_TRY(init(ctx, (struct env_span){NULL, 0}, params));
    if (skey == NULL) /* the one that was given before */
        return ENV_OK;
    r = env_kek_choice_skey(&ctx->choice, env_kek_skey_uri(skey));
    ctx->initialised = env_ok(r);
    return r;
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_cipher_newctx_fn newctx;
static OSSL_FUNC_cipher_freectx_fn freectx;
static OSSL_FUNC_cipher_dupctx_fn dupctx;
static OSSL_FUNC_cipher_encrypt_init_fn encrypt_init;
static OSSL_FUNC_cipher_decrypt_init_fn decrypt_init;
static OSSL_FUNC_cipher_encrypt_skey_init_fn encrypt_skey_init;
static OSSL_FUNC_cipher_decrypt_skey_init_fn decrypt_skey_init;
static OSSL_FUNC_cipher_update_fn update;
static OSSL_FUNC_cipher_final_fn final;
static OSSL_FUNC_cipher_cipher_fn cipher;
static OSSL_FUNC_cipher_get_params_fn get_params;
static OSSL_FUNC_cipher_get_ctx_params_fn get_ctx_params;
static OSSL_FUNC_cipher_set_ctx_params_fn set_ctx_params;
static OSSL_FUNC_cipher_settable_ctx_params_fn settable_ctx_params;

static void freectx(void *vctx)
{
    struct rewrap_ctx *ctx = vctx;

    if (ctx == NULL)
        return;
    env_stream_free(ctx->stream);
    env_kek_choice_clear(&ctx->choice);
    OPENSSL_clear_free(ctx, sizeof(*ctx));
}

static void *newctx(void *vprovctx)
{
    struct env_provctx *provctx = vprovctx;
    struct rewrap_ctx *ctx = env_provctx_alloc(provctx, sizeof(*ctx));

    if (ctx == NULL)
        return NULL;
    ctx->provctx = provctx;
    ctx->stream = env_stream_new(&env_stream_rewrap, &provctx->dek);
    if (ctx->stream == NULL) {
        freectx(ctx);
        (void)ENV_EDGE_FAIL(provctx, ENV_FAIL(ENV_R_NO_MEMORY));
        return NULL;
    }
    return ctx;
}

/* At any time: no nonce is made here, so two that go on do no harm. */
static void *dupctx(void *vctx)
{
    const struct rewrap_ctx *from = vctx;
    struct rewrap_ctx *to = OPENSSL_memdup(from, sizeof(*from));
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (to != NULL) {
        to->stream = NULL;
        if (env_kek_choice_separate(&to->choice))
            r = env_stream_copy(from->stream, false, &to->stream);
    }
    if (env_ok(r))
        return to;
    (void)ENV_EDGE_FAIL(from->provctx, r);
    freectx(to);
    return NULL;
}

static int encrypt_init(void *vctx, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    struct rewrap_ctx *ctx = vctx;
    ENV_RESULT r = init(ctx, (struct env_span){key, key_len}, params);

    (void)iv; /* the IV length is 0: callers pass a pointer all the same */
    (void)iv_len;
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static int decrypt_init(void *vctx, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    struct rewrap_ctx *ctx = vctx;

    (void)key;
    (void)key_len;
    (void)iv;
    (void)iv_len;
    (void)params;
    ctx->initialised = false;
    env_stream_reset(ctx->stream);
    return ENV_EDGE_FAIL(ctx->provctx, ENV_FAIL(ENV_R_REWRAP_DECRYPT));
}

static int encrypt_skey_init(void *vctx, void *skey, const unsigned char *iv, size_t iv_len,
                             const OSSL_PARAM params[])
{
    struct rewrap_ctx *ctx = vctx;
    ENV_RESULT r = init_with_skey(ctx, skey, params);

    (void)iv;
    (void)iv_len;
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static int decrypt_skey_init(void *vctx, void *skey, const unsigned char *iv, size_t iv_len,
                             const OSSL_PARAM params[])
{
    (void)skey;
    return decrypt_init(vctx, NULL, 0, iv, iv_len, params);
}

/* Every failure of an update or a final ends the message. */
static int end_call(struct rewrap_ctx *ctx, ENV_RESULT r, const struct env_io *io, size_t *out_len)
{
    *out_len = env_ok(r) ? io->written : 0;
    if (env_ok(r))
        return 1;
    if (ctx->initialised)
        env_stream_fail(ctx->stream);
    return ENV_EDGE_FAIL(ctx->provctx, r);
}

static int update(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    struct rewrap_ctx *ctx = vctx;
    struct env_selector selector = env_kek_choice_selector(&ctx->choice);
    struct env_io io = {.in = in, .in_len = in_len, .out = out, .out_size = out_size};
    ENV_RESULT r = ENV_OK;

    if (!ctx->initialised)
        r = ENV_FAIL(ENV_R_NOT_INITIALISED);
    else if (in_len > 0 && in == NULL)
        r = ENV_FAIL(ENV_R_BAD_PARAMETER);
    else if (in_len > 0)
        r = env_rewrapping_update(ctx->stream, &selector, &io);
    return end_call(ctx, r, &io, out_len);
}

static int final(void *vctx, unsigned char *out, size_t *out_len, size_t out_size)
{
    struct rewrap_ctx *ctx = vctx;
    struct env_selector selector = env_kek_choice_selector(&ctx->choice);
    struct env_io io = {.out = out, .out_size = out_size};
    ENV_RESULT r = ctx->initialised ? env_rewrapping_final(ctx->stream, &selector, &io)
                                    : ENV_FAIL(ENV_R_NOT_INITIALISED);

    return end_call(ctx, r, &io, out_len);
}

/* EVP_Cipher: input is an update, none is the end of the message. */
static int cipher(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    return in != NULL ? update(vctx, out, out_len, out_size, in, in_len)
                      : final(vctx, out, out_len, out_size);
}

static int get_params(OSSL_PARAM params[])
{
    return env_cipher_get_params(&env_stream_rewrap, params);
}

static int get_ctx_params(void *vctx, OSSL_PARAM params[])
{
    (void)vctx;
    return env_cipher_get_params(&env_stream_rewrap, params);
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct rewrap_ctx *ctx = vctx;
    ENV_RESULT r = set_params(ctx, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(ENV_CIPHER_PARAM_KEK, NULL, 0),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_PADDING, NULL),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}

const OSSL_DISPATCH env_rewrap_functions[] = {
    {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))newctx},
    {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))freectx},
    {OSSL_FUNC_CIPHER_DUPCTX, (void (*)(void))dupctx},
    {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))encrypt_init},
    {OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))decrypt_init},
    {OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT, (void (*)(void))encrypt_skey_init},
    {OSSL_FUNC_CIPHER_DECRYPT_SKEY_INIT, (void (*)(void))decrypt_skey_init},
    {OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))update},
    {OSSL_FUNC_CIPHER_FINAL, (void (*)(void)) final},
    {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))cipher},
    {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, (void (*)(void))env_cipher_gettable_params},
    {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (void (*)(void))get_ctx_params},
    {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))env_cipher_gettable_ctx_params},
    {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},
    {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},
    {0, NULL},
};
