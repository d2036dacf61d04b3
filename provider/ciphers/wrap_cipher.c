/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/wrap_cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <string.h>

#include "provider/keys/kek_skeymgmt.h"
#include "provider/ciphers/envelope_cipher.h"
#include "provider/ciphers/kek_choice.h"
#include "provider/ciphers/wrap_common.h"

struct wrap_ctx {
    struct env_wrap_once once;
    struct env_kek_choice choice;
};

static void *new_ctx(void *vprovctx, const struct env_wrap_kind *kind)
{
    struct wrap_ctx *ctx = env_provctx_alloc(vprovctx, sizeof(*ctx));

    if (ctx != NULL) {
        ctx->once.provctx = vprovctx;
        ctx->once.kind = kind;
    }
    return ctx;
}

static ENV_RESULT set_params(struct wrap_ctx *ctx, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p;

    if (params == NULL)
        return ENV_OK;
    ENV_TRY(env_wrap_set_key_len(&ctx->once, params));
    p = OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_KEK);
    return p != NULL ? env_kek_choice_param(&ctx->choice, p, &ctx->once.provctx->errors) : ENV_OK;
}

static ENV_RESULT init(struct wrap_ctx *ctx, bool wrapping, struct env_span key, struct env_span iv,
                       const OSSL_PARAM params[])
{
    const struct env_wrap_kind *kind = ctx->once.kind;

    ctx->once.initialised = false;
    ENV_TRY(env_provctx_ready(ctx->once.provctx));
    if (key.data != NULL && key.len != env_wrap_key_len(kind))
        return ENV_FAIL(ENV_R_WRAP_KEY_LENGTH);
    ENV_TRY(env_kek_choice_key(&ctx->choice, key, env_selector_from_bytes));
    if (iv.data != NULL && !env_wrap_default_iv(kind, iv.data, iv.len))
        return ENV_FAIL(ENV_R_DEFAULT_IV_ONLY);
    ENV_TRY(set_params(ctx, params));
    env_wrap_begin(&ctx->once, wrapping);
    return ENV_OK;
}

/* The key's URI goes where the kek parameter would, so that the KEK is found and judged as ever. */
static ENV_RESULT init_with_skey(struct wrap_ctx *ctx, bool wrapping, const void *skey,
                                 struct env_span iv, const OSSL_PARAM params[])
{
    ENV_RESULT r;

    if (skey != NULL)
        ctx->choice.key_refused = false;
    ENV_TRY(init(ctx, wrapping, (struct env_span){NULL, 0}, iv, params));
    if (skey == NULL) /* the one that was given before */
        return ENV_OK;
    r = env_kek_choice_skey(&ctx->choice, env_kek_skey_uri(skey));
    ctx->once.initialised = env_ok(r);
    return r;
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_cipher_freectx_fn freectx;
static OSSL_FUNC_cipher_dupctx_fn dupctx;
static OSSL_FUNC_cipher_encrypt_init_fn encrypt_init;
static OSSL_FUNC_cipher_decrypt_init_fn decrypt_init;
static OSSL_FUNC_cipher_encrypt_skey_init_fn encrypt_skey_init;
static OSSL_FUNC_cipher_decrypt_skey_init_fn decrypt_skey_init;
static OSSL_FUNC_cipher_update_fn update;
static OSSL_FUNC_cipher_final_fn final;
static OSSL_FUNC_cipher_cipher_fn cipher;
static OSSL_FUNC_cipher_gettable_params_fn gettable_params;
static OSSL_FUNC_cipher_get_ctx_params_fn get_ctx_params;
static OSSL_FUNC_cipher_gettable_ctx_params_fn gettable_ctx_params;
static OSSL_FUNC_cipher_set_ctx_params_fn set_ctx_params;
static OSSL_FUNC_cipher_settable_ctx_params_fn settable_ctx_params;

static void freectx(void *vctx)
{
    struct wrap_ctx *ctx = vctx;

    if (ctx == NULL)
        return;
    env_kek_choice_clear(&ctx->choice);
    OPENSSL_clear_free(ctx, sizeof(*ctx));
}

static void *dupctx(void *vctx)
{
    const struct wrap_ctx *from = vctx;
    struct wrap_ctx *to = OPENSSL_memdup(from, sizeof(*from));

    if (to != NULL && !env_kek_choice_separate(&to->choice)) {
        freectx(to);
        to = NULL;
    }
    if (to == NULL)
        (void)ENV_EDGE_FAIL(from->once.provctx, ENV_FAIL(ENV_R_NO_MEMORY));
    return to;
}

static int encrypt_init(void *vctx, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    struct wrap_ctx *ctx = vctx;
    ENV_RESULT r =
        init(ctx, true, (struct env_span){key, key_len}, (struct env_span){iv, iv_len}, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static int decrypt_init(void *vctx, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    struct wrap_ctx *ctx = vctx;
    ENV_RESULT r =
        init(ctx, false, (struct env_span){key, key_len}, (struct env_span){iv, iv_len}, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static int encrypt_skey_init(void *vctx, void *skey, const unsigned char *iv, size_t iv_len,
                             const OSSL_PARAM params[])
{
    struct wrap_ctx *ctx = vctx;
    ENV_RESULT r = init_with_skey(ctx, true, skey, (struct env_span){iv, iv_len}, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static int decrypt_skey_init(void *vctx, void *skey, const unsigned char *iv, size_t iv_len,
                             const OSSL_PARAM params[])
{
    struct wrap_ctx *ctx = vctx;
    ENV_RESULT r = init_with_skey(ctx, false, skey, (struct env_span){iv, iv_len}, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static int update(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    struct wrap_ctx *ctx = vctx;
    struct env_selector selector = env_kek_choice_selector(&ctx->choice);
    ENV_RESULT r = env_wrap_update(&ctx->once, &selector, in, in_len, out, out_size, out_len);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static int final(void *vctx, unsigned char *out, size_t *out_len, size_t out_size)
{
    struct wrap_ctx *ctx = vctx;
    ENV_RESULT r = env_wrap_final(&ctx->once);

    (void)out;
    (void)out_size;
    *out_len = 0;
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

/* EVP_Cipher: without it libcrypto would return 1 for a length. */
static int cipher(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    return in != NULL ? update(vctx, out, out_len, out_size, in, in_len)
                      : final(vctx, out, out_len, out_size);
}

static const OSSL_PARAM *gettable_params(void *vprovctx)
{
    return env_wrap_gettable_params(vprovctx);
}

static int get_ctx_params(void *vctx, OSSL_PARAM params[])
{
    const struct wrap_ctx *ctx = vctx;

    return env_wrap_get_params(ctx->once.kind, params);
}

static const OSSL_PARAM *gettable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct wrap_ctx *ctx = vctx;
    ENV_RESULT r = set_params(ctx, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->once.provctx, r);
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(ENV_CIPHER_PARAM_KEK, NULL, 0),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}

/* The six differ in how a context is made and in what libcrypto is told of them. */
#define WRAP_KIND(name)                                                                            \
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

WRAP_KIND(128)
WRAP_KIND(192)
WRAP_KIND(256)
WRAP_KIND(128_pad)
WRAP_KIND(192_pad)
WRAP_KIND(256_pad)

#define WRAP_FUNCTIONS(name)                                                                       \
    const OSSL_DISPATCH env_wrap_##name##_functions[] = {                                          \
        {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))newctx_##name},                                  \
        {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))freectx},                                       \
        {OSSL_FUNC_CIPHER_DUPCTX, (void (*)(void))dupctx},                                         \
        {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))encrypt_init},                             \
        {OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))decrypt_init},                             \
        {OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT, (void (*)(void))encrypt_skey_init},                   \
        {OSSL_FUNC_CIPHER_DECRYPT_SKEY_INIT, (void (*)(void))decrypt_skey_init},                   \
        {OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))update},                                         \
        {OSSL_FUNC_CIPHER_FINAL, (void (*)(void)) final},                                          \
        {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))cipher},                                         \
        {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_params_##name},                          \
        {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, (void (*)(void))gettable_params},                       \
        {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (void (*)(void))get_ctx_params},                         \
        {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_ctx_params},               \
        {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},                         \
        {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},               \
        {0, NULL},                                                                                 \
    }

WRAP_FUNCTIONS(128);
WRAP_FUNCTIONS(192);
WRAP_FUNCTIONS(256);
WRAP_FUNCTIONS(128_pad);
WRAP_FUNCTIONS(192_pad);
WRAP_FUNCTIONS(256_pad);
