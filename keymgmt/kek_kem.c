/* SPDX-License-Identifier: Apache-2.0 */
#include "kek_kem.h"

#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "../provider/cipher.h"
#include "../provider/secret.h"
#include "../provider/stream.h"
#include "one_kek.h"

#define SECRET_LEN 32u
/* Longer than any header for one KEK: its id, its wrapped key and some 250 bytes around them. */
#define SEALED_MAX (ENV_KEK_ID_MAX + ENV_WRAPPED_MAX + 256u)

static const char label[] = "envelope sealed key v1";

struct kem_ctx {
    struct env_provctx *provctx;
    struct env_key *key;
    size_t context_len;
    uint8_t context[ENV_CONTEXT_MAX];
};

static ENV_RESULT set_params(struct kem_ctx *ctx, const OSSL_PARAM params[])
{
    bool given;

    return env_kek_context_param(&ctx->provctx->errors, params, &given, ctx->context,
                                 &ctx->context_len);
}

static ENV_RESULT init(struct kem_ctx *ctx, void *vkey, const OSSL_PARAM params[])
{
    struct env_key *key = vkey;

    if (key == NULL || key->kek == NULL)
        return ENV_FAIL(ENV_R_NO_KEY);
    env_key_free(ctx->key);
    ctx->key = env_key_up_ref(key);
    ctx->context_len = 0;
    ENV_TRY(env_provctx_ready(ctx->provctx));
    return set_params(ctx, params);
}

static ENV_RESULT derive(const struct kem_ctx *ctx, const uint8_t dek[ENV_DEK_LEN],
                         unsigned char *secret)
{
    const struct env_span info[] = {
        {(const uint8_t *)label, sizeof(label) - 1},
        {ctx->context, ctx->context_len},
    };

    return env_hkdf_expand(ctx->provctx->dek.crypto, (struct env_span){dek, ENV_DEK_LEN}, info,
                           sizeof(info) / sizeof(info[0]), secret, SECRET_LEN);
}

static ENV_RESULT seal(struct kem_ctx *ctx, uint8_t *dek, unsigned char *out, size_t *out_len,
                       unsigned char *secret)
{
    static const struct env_selector nothing;
    struct env_one_kek one;
    uint8_t *der = NULL;
    size_t len = 0;
    ENV_RESULT r;

    env_one_kek_init(&one, ctx->key);
    ENV_TRY(env_dek_seal(&one.dek, &nothing, ENV_CONTENT_SEALED_KEY, dek, &der, &len));
    if (len > *out_len)
        r = ENV_RAISE(&ctx->provctx->errors, ENV_R_OUTPUT_TOO_SMALL, "%zu bytes are needed", len);
    else
        r = derive(ctx, dek, secret);
    if (env_ok(r)) {
        memcpy(out, der, len);
        *out_len = len;
    }
    OPENSSL_free(der);
    return r;
}

static ENV_RESULT unseal(struct kem_ctx *ctx, uint8_t *dek, struct env_span in,
                         unsigned char *secret)
{
    struct env_span peek = {in.data, in.len < ENV_HEADER_PEEK ? in.len : ENV_HEADER_PEEK};
    struct env_one_kek one;
    size_t len = 0;
    ENV_RESULT r;

    if (in.len == 0)
        return ENV_FAIL(ENV_R_NOT_A_MESSAGE);
    ENV_TRY(env_header_length(peek, &len));
    if (in.len < len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    env_one_kek_init(&one, ctx->key);
    env_errors_mark(&ctx->provctx->errors);
    /* whether it is a sealed key at all is said before what stands behind it */
    r = env_dek_open(&one.dek, (struct env_span){in.data, len}, ENV_CONTENT_SEALED_KEY, dek);
    r = env_one_kek_result(&one, r);
    ENV_TRY(r);
    return in.len == len ? derive(ctx, dek, secret) : ENV_FAIL(ENV_R_TRAILING_DATA);
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_kem_newctx_fn newctx;
static OSSL_FUNC_kem_freectx_fn freectx;
static OSSL_FUNC_kem_dupctx_fn dupctx;
static OSSL_FUNC_kem_encapsulate_init_fn encapsulate_init;
static OSSL_FUNC_kem_encapsulate_fn encapsulate;
static OSSL_FUNC_kem_decapsulate_init_fn decapsulate_init;
static OSSL_FUNC_kem_decapsulate_fn decapsulate;
static OSSL_FUNC_kem_set_ctx_params_fn set_ctx_params;
static OSSL_FUNC_kem_settable_ctx_params_fn settable_ctx_params;

static void *newctx(void *vprovctx)
{
    struct kem_ctx *ctx = env_provctx_alloc(vprovctx, sizeof(*ctx));

    if (ctx != NULL)
        ctx->provctx = vprovctx;
    return ctx;
}

static void freectx(void *vctx)
{
    struct kem_ctx *ctx = vctx;

    if (ctx == NULL)
        return;
    env_key_free(ctx->key);
    OPENSSL_clear_free(ctx, sizeof(*ctx));
}

static void *dupctx(void *vctx)
{
    struct kem_ctx *ctx = OPENSSL_memdup(vctx, sizeof(*ctx));

    if (ctx != NULL && ctx->key != NULL)
        (void)env_key_up_ref(ctx->key);
    return ctx;
}

static int encapsulate_init(void *vctx, void *vkey, const OSSL_PARAM params[])
{
    struct kem_ctx *ctx = vctx;
    ENV_RESULT r = init(ctx, vkey, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static int decapsulate_init(void *vctx, void *vkey, const OSSL_PARAM params[])
{
    return encapsulate_init(vctx, vkey, params);
}

static int encapsulate(void *vctx, unsigned char *out, size_t *out_len, unsigned char *secret,
                       size_t *secret_len)
{
    struct kem_ctx *ctx = vctx;
    ENV_RESULT r;
    uint8_t *dek = NULL;

    if (ctx->key == NULL)
        return ENV_EDGE_FAIL(ctx->provctx, ENV_FAIL(ENV_R_NO_KEY));
    if (out == NULL) { /* how long they can be */
        if (out_len != NULL)
            *out_len = SEALED_MAX;
        if (secret_len != NULL)
            *secret_len = SECRET_LEN;
        return 1;
    }
    if (out_len == NULL || secret == NULL || (secret_len != NULL && *secret_len < SECRET_LEN))
        r = ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    else if ((dek = env_secret_alloc(ENV_DEK_LEN)) == NULL)
        r = ENV_FAIL(ENV_R_NO_MEMORY);
    else
        r = seal(ctx, dek, out, out_len, secret);
    if (dek != NULL)
        env_secret_free(dek, ENV_DEK_LEN);
    if (env_ok(r) && secret_len != NULL)
        *secret_len = SECRET_LEN;
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static int decapsulate(void *vctx, unsigned char *secret, size_t *secret_len,
                       const unsigned char *in, size_t in_len)
{
    struct kem_ctx *ctx = vctx;
    ENV_RESULT r;
    uint8_t *dek = NULL;

    if (ctx->key == NULL)
        return ENV_EDGE_FAIL(ctx->provctx, ENV_FAIL(ENV_R_NO_KEY));
    if (secret == NULL) {
        if (secret_len != NULL)
            *secret_len = SECRET_LEN;
        return 1;
    }
    if (secret_len != NULL && *secret_len < SECRET_LEN)
        r = ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    else if ((dek = env_secret_alloc(ENV_DEK_LEN)) == NULL)
        r = ENV_FAIL(ENV_R_NO_MEMORY);
    else
        r = unseal(ctx, dek, (struct env_span){in, in_len}, secret);
    if (dek != NULL)
        env_secret_free(dek, ENV_DEK_LEN);
    if (env_ok(r) && secret_len != NULL)
        *secret_len = SECRET_LEN;
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct kem_ctx *ctx = vctx;
    ENV_RESULT r = set_params(ctx, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(ENV_CIPHER_PARAM_CONTEXT, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}

const OSSL_DISPATCH env_kek_kem_functions[] = {
    {OSSL_FUNC_KEM_NEWCTX, (void (*)(void))newctx},
    {OSSL_FUNC_KEM_FREECTX, (void (*)(void))freectx},
    {OSSL_FUNC_KEM_DUPCTX, (void (*)(void))dupctx},
    {OSSL_FUNC_KEM_ENCAPSULATE_INIT, (void (*)(void))encapsulate_init},
    {OSSL_FUNC_KEM_ENCAPSULATE, (void (*)(void))encapsulate},
    {OSSL_FUNC_KEM_DECAPSULATE_INIT, (void (*)(void))decapsulate_init},
    {OSSL_FUNC_KEM_DECAPSULATE, (void (*)(void))decapsulate},
    {OSSL_FUNC_KEM_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},
    {OSSL_FUNC_KEM_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},
    {0, NULL},
};
