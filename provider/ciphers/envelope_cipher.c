/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/envelope_cipher.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "envelope/message/stream.h"
#include "provider/ciphers/cipher_edge.h"
#include "provider/ciphers/cipher_params.h"
#include "provider/ciphers/kek_choice.h"
#include "provider/common/application_context.h"

/* One way to process a message. */
typedef ENV_RESULT (*step_fn)(struct env_stream *stream, const struct env_selector *selector,
                              struct env_io *io);

struct direction {
    step_fn update;
    step_fn final;
};

/* What distinguishes the ciphers. */
struct cipher_kind {
    const struct env_stream_kind *stream;
    const struct direction *encrypt;
    const struct direction *decrypt; /* NULL: encrypt only */
    bool takes_context;
};

struct message_ctx {
    struct env_cipher_ctx base;
    const struct cipher_kind *kind;
    struct env_stream *stream;
    const struct direction *direction; /* NULL: not initialised */
    struct env_kek_choice choice;
};

/* Opening needs no choice: the message names its KEK. */
static ENV_RESULT open_update(struct env_stream *stream, const struct env_selector *selector,
                              struct env_io *io)
{
    (void)selector;
    return env_opening_update(stream, io);
}

static ENV_RESULT open_final(struct env_stream *stream, const struct env_selector *selector,
                             struct env_io *io)
{
    (void)selector;
    return env_opening_final(stream, io);
}

static const struct direction sealing = {env_sealing_update, env_sealing_final};
static const struct direction opening = {open_update, open_final};
static const struct direction rewrapping = {env_rewrapping_update, env_rewrapping_final};

static const struct cipher_kind kind_envelope = {
    .stream = &env_stream_envelope,
    .encrypt = &sealing,
    .decrypt = &opening,
    .takes_context = true,
};

static const struct cipher_kind kind_envelope_strict = {
    .stream = &env_stream_envelope_strict,
    .encrypt = &sealing,
    .decrypt = &opening,
    .takes_context = true,
};

static const struct cipher_kind kind_envelope_64k = {
    .stream = &env_stream_envelope_64k,
    .encrypt = &sealing,
    .decrypt = &opening,
    .takes_context = true,
};

static const struct cipher_kind kind_envelope_64k_strict = {
    .stream = &env_stream_envelope_64k_strict,
    .encrypt = &sealing,
    .decrypt = &opening,
    .takes_context = true,
};

static const struct cipher_kind kind_rewrap = {
    .stream = &env_stream_rewrap,
    .encrypt = &rewrapping,
};

static struct message_ctx *message(struct env_cipher_ctx *base)
{
    return (struct message_ctx *)base;
}

/* ---- contexts ---- */

static ENV_RESULT separate(struct env_cipher_ctx *base, const struct env_cipher_ctx *vfrom)
{
    const struct message_ctx *from = (const struct message_ctx *)vfrom;
    struct message_ctx *copy = message(base);

    copy->stream = NULL;
    if (!env_kek_choice_separate(&copy->choice))
        return ENV_FAIL(ENV_R_NO_MEMORY);
    return env_stream_copy(from->stream, from->direction == &sealing, &copy->stream);
}

static void clear(struct env_cipher_ctx *base)
{
    struct message_ctx *ctx = message(base);

    env_stream_free(ctx->stream);
    env_kek_choice_clear(&ctx->choice);
}

/* ---- parameters ---- */

/* Parameters cannot change once a message has begun. */
static bool between_messages(const struct message_ctx *ctx)
{
    return ctx->stream->state == ENV_STREAM_NEW || ctx->stream->state == ENV_STREAM_DONE;
}

static ENV_RESULT set_params(struct env_cipher_ctx *base, const OSSL_PARAM params[])
{
    const struct env_provctx *provctx = base->provctx;
    struct message_ctx *ctx = message(base);
    const OSSL_PARAM *kek = NULL;
    const OSSL_PARAM *context = NULL;

    ENV_TRY(env_cipher_check_key_len(provctx, params, ENV_SELECTOR_KEY_LEN, ENV_R_BAD_KEY_LENGTH));
    if (params != NULL) {
        kek = OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_KEK);
        context = OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_CONTEXT);
    }
    if (!ctx->kind->takes_context)
        context = NULL;
    if ((kek != NULL || context != NULL) && !between_messages(ctx))
        return ENV_FAIL(ENV_R_PARAMETER_TOO_LATE);
    if (kek != NULL)
        ENV_TRY(env_kek_choice_param(&ctx->choice, kek, &provctx->errors));
    if (context != NULL)
        ENV_TRY(env_stream_context_from_param(provctx, context, ctx->stream));
    /* OSSL_CIPHER_PARAM_PADDING (enc -nopad) is ignored: there is no padding */
    return ENV_OK;
}

static bool answer(const struct cipher_kind *kind, OSSL_PARAM params[])
{
    const struct env_cipher_number numbers[] = {
        {OSSL_CIPHER_PARAM_KEYLEN, ENV_SELECTOR_KEY_LEN},
        {OSSL_CIPHER_PARAM_IVLEN, 0},
        {OSSL_CIPHER_PARAM_BLOCK_SIZE, kind->stream->block_size},
    };

    return env_cipher_answer(params, 0, numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static bool answer_ctx(const struct env_cipher_ctx *base, OSSL_PARAM params[])
{
    return answer(((const struct message_ctx *)base)->kind, params);
}

/* ---- one message ---- */

/* The IV length is 0, but callers may pass a pointer. */
static ENV_RESULT init(struct env_cipher_ctx *base, const struct env_cipher_init *with,
                       const OSSL_PARAM params[])
{
    struct message_ctx *ctx = message(base);
    const struct direction *direction = with->encrypt ? ctx->kind->encrypt : ctx->kind->decrypt;

    ctx->direction = NULL;
    env_stream_reset(ctx->stream);
    if (direction == NULL)
        return ENV_FAIL(ENV_R_REWRAP_DECRYPT);
    ENV_TRY(env_provctx_ready(base->provctx));
    ENV_TRY(env_kek_choice_key(&ctx->choice, with, env_selector_from_key));
    ENV_TRY(set_params(base, params));
    ENV_TRY(env_kek_choice_skey(&ctx->choice, with));
    ctx->direction = direction;
    return ENV_OK;
}

/* Any failure of an update or a final ends the message. */
static ENV_RESULT end_if_failed(struct message_ctx *ctx, ENV_RESULT r)
{
    if (!env_ok(r))
        env_stream_fail(ctx->stream);
    return r;
}

static ENV_RESULT update(struct env_cipher_ctx *base, struct env_io *io)
{
    struct message_ctx *ctx = message(base);
    struct env_selector selector = env_kek_choice_selector(&ctx->choice);

    if (ctx->direction == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (io->in_len == 0)
        return ENV_OK;
    if (io->in == NULL)
        return end_if_failed(ctx, ENV_FAIL(ENV_R_BAD_PARAMETER));
    return end_if_failed(ctx, ctx->direction->update(ctx->stream, &selector, io));
}

static ENV_RESULT final(struct env_cipher_ctx *base, struct env_io *io)
{
    struct message_ctx *ctx = message(base);
    struct env_selector selector = env_kek_choice_selector(&ctx->choice);

    if (ctx->direction == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    return end_if_failed(ctx, ctx->direction->final(ctx->stream, &selector, io));
}

/* ---- what libcrypto calls ---- */

static const struct env_cipher_family family = {
    .ctx_size = sizeof(struct message_ctx),
    .init = init,
    .update = update,
    .final = final,
    .separate = separate,
    .clear = clear,
    .get_params = answer_ctx,
    .set_params = set_params,
};

static ENV_RESULT new_ctx(struct env_provctx *provctx, const struct cipher_kind *kind, void **out)
{
    void *vctx = NULL;
    struct message_ctx *ctx;

    ENV_TRY(env_cipher_ctx_new(provctx, &family, &vctx));
    ctx = vctx;
    ctx->kind = kind;
    ctx->stream = env_stream_new(kind->stream, &provctx->dek);
    if (ctx->stream == NULL) {
        env_cipher_freectx(ctx);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    if (kind->takes_context)
        env_stream_context_from_config(provctx, ctx->stream);
    *out = ctx;
    return ENV_OK;
}

static OSSL_FUNC_cipher_settable_ctx_params_fn settable_message_params;
static OSSL_FUNC_cipher_settable_ctx_params_fn settable_rewrap_params;

static const OSSL_PARAM *settable_message_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(ENV_CIPHER_PARAM_KEK, NULL, 0),
        OSSL_PARAM_octet_string(ENV_CIPHER_PARAM_CONTEXT, NULL, 0),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_PADDING, NULL),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}

static const OSSL_PARAM *settable_rewrap_params(void *vctx, void *vprovctx)
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

/* The ciphers differ in their kind and in the parameters that they accept. */
#define IMPLEMENT_CIPHER(name, settable)                                                           \
    static OSSL_FUNC_cipher_newctx_fn name##_newctx;                                               \
    static OSSL_FUNC_cipher_get_params_fn name##_get_params;                                       \
                                                                                                   \
    static void *name##_newctx(void *vprovctx)                                                     \
    {                                                                                              \
        struct env_provctx *provctx = vprovctx;                                                    \
        void *ctx = NULL;                                                                          \
                                                                                                   \
        return ENV_EDGE_IN(provctx, provctx, new_ctx(provctx, &kind_##name, &ctx)) ? ctx : NULL;   \
    }                                                                                              \
                                                                                                   \
    static int name##_get_params(OSSL_PARAM params[])                                              \
    {                                                                                              \
        return answer(&kind_##name, params);                                                       \
    }                                                                                              \
                                                                                                   \
    const OSSL_DISPATCH env_##name##_functions[] = {                                               \
        {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))name##_newctx},                                  \
        ENV_CIPHER_ROWS,                                                                           \
        {OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT, (void (*)(void))env_cipher_encrypt_skey_init},        \
        {OSSL_FUNC_CIPHER_DECRYPT_SKEY_INIT, (void (*)(void))env_cipher_decrypt_skey_init},        \
        {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))env_cipher_cipher},                              \
        {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))name##_get_params},                          \
        {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, (void (*)(void))env_cipher_gettable_params},            \
        {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))env_cipher_gettable_ctx_params},    \
        {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))(settable)},                        \
        {0, NULL},                                                                                 \
    }

IMPLEMENT_CIPHER(envelope, settable_message_params);
IMPLEMENT_CIPHER(envelope_strict, settable_message_params);
IMPLEMENT_CIPHER(envelope_64k, settable_message_params);
IMPLEMENT_CIPHER(envelope_64k_strict, settable_message_params);
IMPLEMENT_CIPHER(rewrap, settable_rewrap_params);
