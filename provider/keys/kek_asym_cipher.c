/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_asym_cipher.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/message/stream.h"
#include "provider/common/application_context.h"
#include "provider/keys/one_kek_keyring.h"
#include "provider/keys/pkey_context.h"

#define FINAL_MAX 4128u /* the most that the stream's final writes */

/* The longest message with 64 KiB of plaintext, sealed for as many KEKs as a header can name. */
#define OPENED_MAX                                                                                 \
    (ENV_KEK_SEALED_MAX - ENV_HEADERS_SEALED_MAX + ENV_HEADER_MAX + ENV_FLOE_HEADER_LEN)

/* ---- one message in one call ---- */

static void use_context(const struct env_pkey_context *ctx, struct env_stream *stream)
{
    if (ctx->has_context)
        env_stream_set_context(stream, (struct env_span){ctx->context, ctx->context_len},
                               ENV_CONTEXT_GIVEN);
    else
        env_stream_context_from_config(ctx->provctx, stream);
}

static ENV_RESULT run(struct env_stream *stream, bool sealing, struct env_span in, uint8_t *out,
                      size_t out_size, size_t *out_len)
{
    static const struct env_selector nothing; /* the keyring has one KEK */
    struct env_io update = {.in = in.data, .in_len = in.len, .out = out, .out_size = out_size};
    struct env_io end = {0};

    if (in.len > 0)
        ENV_TRY(sealing ? env_sealing_update(stream, &nothing, &update)
                        : env_opening_update(stream, &update));
    end.out = out + update.written;
    end.out_size = out_size - update.written;
    ENV_TRY(sealing ? env_sealing_final(stream, &nothing, &end) : env_opening_final(stream, &end));
    *out_len = update.written + end.written;
    return ENV_OK;
}

static ENV_RESULT run_with_key(const struct env_pkey_context *ctx, bool sealing, struct env_span in,
                               uint8_t *work, size_t work_size, size_t *len)
{
    struct env_one_kek one;
    struct env_stream *stream;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    env_one_kek_begin(&one, ctx->key);
    stream = env_stream_new(&env_stream_envelope, &one.dek);
    if (stream != NULL) {
        use_context(ctx, stream);
        r = run(stream, sealing, in, work, work_size, len);
    }
    r = env_one_kek_end(&one, r);
    env_stream_free(stream);
    return r;
}

/* Works in our own memory, so that the caller sees nothing before everything is verified. */
static ENV_RESULT perform(const struct env_pkey_context *ctx, bool sealing, struct env_span in,
                          unsigned char *out, size_t out_size, size_t *out_len)
{
    size_t work_size = sealing ? ENV_KEK_SEALED_MAX + FINAL_MAX : in.len + FINAL_MAX;
    uint8_t *work = env_secret_alloc(work_size);
    size_t len = 0;
    ENV_RESULT r;

    if (work == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = run_with_key(ctx, sealing, in, work, work_size, &len);
    if (env_ok(r) && !sealing && len > ENV_KEK_PLAIN_MAX)
        r = ENV_FAIL(ENV_R_INPUT_TOO_LONG);
    if (env_ok(r))
        r = env_pkey_check_room(ctx, len, out_size);
    if (env_ok(r)) {
        memcpy(out, work, len);
        *out_len = len;
    }
    env_secret_free(work, work_size);
    return r;
}

/*
 * With out NULL it only computes the greatest length of the output. A message is longer than its
 * plaintext.
 */
static ENV_RESULT answer(const struct env_pkey_context *ctx, bool sealing, struct env_span in,
                         unsigned char *out, size_t out_size, size_t *out_len)
{
    ENV_TRY(env_pkey_check_key(ctx));
    if (in.len > (sealing ? ENV_KEK_PLAIN_MAX : OPENED_MAX))
        return ENV_FAIL(ENV_R_INPUT_TOO_LONG);
    if (out_len == NULL)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    if (out != NULL)
        return perform(ctx, sealing, in, out, out_size, out_len);
    *out_len = sealing ? ENV_KEK_SEALED_MAX - (ENV_KEK_PLAIN_MAX - in.len) : in.len;
    return ENV_OK;
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_asym_cipher_encrypt_fn encrypt;
static OSSL_FUNC_asym_cipher_decrypt_fn decrypt;

static int encrypt(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                   const unsigned char *in, size_t in_len)
{
    const struct env_pkey_context *ctx = vctx;

    return ENV_EDGE(ctx, answer(ctx, true, (struct env_span){in, in_len}, out, out_size, out_len));
}

static int decrypt(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                   const unsigned char *in, size_t in_len)
{
    const struct env_pkey_context *ctx = vctx;

    return ENV_EDGE(ctx, answer(ctx, false, (struct env_span){in, in_len}, out, out_size, out_len));
}

const OSSL_DISPATCH env_kek_asym_cipher_functions[] = {
    {OSSL_FUNC_ASYM_CIPHER_NEWCTX, (void (*)(void))env_pkey_newctx},
    {OSSL_FUNC_ASYM_CIPHER_FREECTX, (void (*)(void))env_pkey_freectx},
    {OSSL_FUNC_ASYM_CIPHER_DUPCTX, (void (*)(void))env_pkey_dupctx},
    {OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, (void (*)(void))env_pkey_init},
    {OSSL_FUNC_ASYM_CIPHER_ENCRYPT, (void (*)(void))encrypt},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, (void (*)(void))env_pkey_init},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT, (void (*)(void))decrypt},
    {OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, (void (*)(void))env_pkey_set_ctx_params},
    {OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))env_pkey_settable_ctx_params},
    {0, NULL},
};
