/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_kem.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/message/stream.h"
#include "provider/keys/one_kek.h"
#include "provider/keys/pkey_context.h"

#define SECRET_LEN 32u
/* Longer than any header for one KEK: its id, its wrapped key and some 250 bytes around them. */
#define SEALED_MAX (ENV_KEK_ID_MAX + ENV_WRAPPED_MAX + 256u)

static const char label[] = "envelope sealed key v1";

static ENV_RESULT derive(const struct env_pkey_context *ctx, const uint8_t dek[ENV_DEK_LEN],
                         unsigned char *secret)
{
    const struct env_span info[] = {
        {(const uint8_t *)label, sizeof(label) - 1},
        {ctx->context, ctx->context_len},
    };

    return env_hkdf_expand(ctx->provctx->dek.crypto, (struct env_span){dek, ENV_DEK_LEN}, info,
                           sizeof(info) / sizeof(info[0]), secret, SECRET_LEN);
}

static ENV_RESULT seal(struct env_pkey_context *ctx, uint8_t *dek, unsigned char *out,
                       size_t *out_len, unsigned char *secret)
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

static ENV_RESULT unseal(struct env_pkey_context *ctx, uint8_t *dek, struct env_span in,
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

static OSSL_FUNC_kem_encapsulate_fn encapsulate;
static OSSL_FUNC_kem_decapsulate_fn decapsulate;

static int encapsulate(void *vctx, unsigned char *out, size_t *out_len, unsigned char *secret,
                       size_t *secret_len)
{
    struct env_pkey_context *ctx = vctx;
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
    struct env_pkey_context *ctx = vctx;
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

const OSSL_DISPATCH env_kek_kem_functions[] = {
    {OSSL_FUNC_KEM_NEWCTX, (void (*)(void))env_pkey_newctx},
    {OSSL_FUNC_KEM_FREECTX, (void (*)(void))env_pkey_freectx},
    {OSSL_FUNC_KEM_DUPCTX, (void (*)(void))env_pkey_dupctx},
    {OSSL_FUNC_KEM_ENCAPSULATE_INIT, (void (*)(void))env_pkey_init},
    {OSSL_FUNC_KEM_ENCAPSULATE, (void (*)(void))encapsulate},
    {OSSL_FUNC_KEM_DECAPSULATE_INIT, (void (*)(void))env_pkey_init},
    {OSSL_FUNC_KEM_DECAPSULATE, (void (*)(void))decapsulate},
    {OSSL_FUNC_KEM_SET_CTX_PARAMS, (void (*)(void))env_pkey_set_ctx_params},
    {OSSL_FUNC_KEM_SETTABLE_CTX_PARAMS, (void (*)(void))env_pkey_settable_ctx_params},
    {0, NULL},
};
