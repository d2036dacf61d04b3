/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_kem.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/message/sealed_key.h"
#include "provider/keys/one_kek_keyring.h"
#include "provider/keys/pkey_context.h"

/* Longer than any header for one KEK: its id, its wrapped key and about 250 other bytes. */
#define SEALED_MAX (ENV_KEK_ID_MAX + ENV_WRAPPED_MAX + 256u)

/* The buffers of one call. */
struct buffers {
    unsigned char *sealed; /* for encapsulating */
    size_t *sealed_len;
    struct env_span in; /* for decapsulating */
    unsigned char *secret;
    size_t *secret_len; /* NULL: the room is sufficient */
};

typedef ENV_RESULT (*work_fn)(const struct env_pkey_context *ctx, const struct buffers *buffers);

static struct env_span bound_to(const struct env_pkey_context *ctx)
{
    return (struct env_span){ctx->context, ctx->context_len};
}

static ENV_RESULT seal(const struct env_pkey_context *ctx, const struct buffers *buffers)
{
    static const struct env_selector nothing;
    struct env_one_kek one;
    uint8_t *der = NULL;
    size_t len = 0;
    ENV_RESULT r;

    env_one_kek_begin(&one, ctx->key);
    r = env_sealed_key_make(&one.dek, &nothing, bound_to(ctx), buffers->secret, &der, &len);
    r = env_one_kek_end(&one, r);
    if (env_ok(r))
        r = env_pkey_check_room(ctx, len, *buffers->sealed_len);
    if (env_ok(r)) {
        memcpy(buffers->sealed, der, len);
        *buffers->sealed_len = len;
    } else {
        OPENSSL_cleanse(buffers->secret, ENV_SEALED_KEY_SECRET_LEN);
    }
    OPENSSL_free(der);
    return r;
}

static ENV_RESULT unseal(const struct env_pkey_context *ctx, const struct buffers *buffers)
{
    struct env_one_kek one;

    env_one_kek_begin(&one, ctx->key);
    return env_one_kek_end(
        &one, env_sealed_key_open(&one.dek, buffers->in, bound_to(ctx), buffers->secret));
}

static ENV_RESULT run(const struct env_pkey_context *ctx, const struct buffers *buffers,
                      work_fn work)
{
    if (buffers->secret_len != NULL && *buffers->secret_len < ENV_SEALED_KEY_SECRET_LEN)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    ENV_TRY(work(ctx, buffers));
    if (buffers->secret_len != NULL)
        *buffers->secret_len = ENV_SEALED_KEY_SECRET_LEN;
    return ENV_OK;
}

/* The greatest lengths of both outputs. */
static ENV_RESULT answer_lengths(const struct buffers *buffers)
{
    if (buffers->sealed_len != NULL)
        *buffers->sealed_len = SEALED_MAX;
    if (buffers->secret_len != NULL)
        *buffers->secret_len = ENV_SEALED_KEY_SECRET_LEN;
    return ENV_OK;
}

static ENV_RESULT seal_or_answer(const struct env_pkey_context *ctx, const struct buffers *buffers)
{
    ENV_TRY(env_pkey_check_key(ctx));
    if (buffers->sealed == NULL)
        return answer_lengths(buffers);
    if (buffers->sealed_len == NULL || buffers->secret == NULL)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    return run(ctx, buffers, seal);
}

static ENV_RESULT unseal_or_answer(const struct env_pkey_context *ctx,
                                   const struct buffers *buffers)
{
    ENV_TRY(env_pkey_check_key(ctx));
    return buffers->secret != NULL ? run(ctx, buffers, unseal) : answer_lengths(buffers);
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_kem_encapsulate_fn encapsulate;
static OSSL_FUNC_kem_decapsulate_fn decapsulate;

static int encapsulate(void *vctx, unsigned char *out, size_t *out_len, unsigned char *secret,
                       size_t *secret_len)
{
    const struct env_pkey_context *ctx = vctx;
    const struct buffers buffers = {out, out_len, {NULL, 0}, secret, secret_len};

    return ENV_EDGE(ctx, seal_or_answer(ctx, &buffers));
}

static int decapsulate(void *vctx, unsigned char *secret, size_t *secret_len,
                       const unsigned char *in, size_t in_len)
{
    const struct env_pkey_context *ctx = vctx;
    const struct buffers buffers = {NULL, NULL, {in, in_len}, secret, secret_len};

    return ENV_EDGE(ctx, unseal_or_answer(ctx, &buffers));
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
