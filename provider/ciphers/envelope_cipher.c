/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/envelope_cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "provider/keys/kek_skeymgmt.h"
#include "provider/ciphers/cipher_params.h"
#include "provider/ciphers/kek_choice.h"
#include "provider/common/provctx.h"
#include "envelope/message/stream.h"

/* What is done with a message, in updates and a final. */
typedef ENV_RESULT (*step_fn)(struct env_stream *stream, const struct env_selector *selector,
                              struct env_io *io);

struct direction {
    step_fn update;
    step_fn final;
};

/* What tells our ciphers from each other. */
struct cipher_kind {
    const struct env_stream_kind *stream;
    const struct direction *encrypt;
    const struct direction *decrypt; /* NULL: it has one direction */
    bool takes_context;
};

struct env_cipher_ctx {
    struct env_provctx *provctx;
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

static const struct cipher_kind kind_envelope = {&env_stream_envelope, &sealing, &opening, true};
static const struct cipher_kind kind_envelope_1m = {&env_stream_envelope_1m, &sealing, &opening,
                                                    true};
static const struct cipher_kind kind_rewrap = {&env_stream_rewrap, &rewrapping, NULL, false};

/* ---- contexts ---- */

static void free_ctx(struct env_cipher_ctx *ctx)
{
    env_stream_free(ctx->stream);
    env_kek_choice_clear(&ctx->choice);
    OPENSSL_clear_free(ctx, sizeof(*ctx));
}

/* The context parameter's default; too long a one is refused by env_provctx_ready. */
static void use_default_context(struct env_cipher_ctx *ctx)
{
    const char *text = ctx->provctx->config.context;

    if (!ctx->kind->takes_context || text == NULL || strlen(text) > ENV_CONTEXT_MAX)
        return;
    ctx->stream->context_len = strlen(text);
    memcpy(ctx->stream->context, text, ctx->stream->context_len);
}

static struct env_cipher_ctx *new_ctx(void *vprovctx, const struct cipher_kind *kind)
{
    struct env_provctx *provctx = vprovctx;
    struct env_cipher_ctx *ctx = env_provctx_alloc(provctx, sizeof(*ctx));

    if (ctx == NULL)
        return NULL;
    ctx->provctx = provctx;
    ctx->kind = kind;
    ctx->stream = env_stream_new(kind->stream, &provctx->dek);
    if (ctx->stream == NULL) {
        free_ctx(ctx);
        (void)ENV_EDGE_FAIL(provctx, ENV_FAIL(ENV_R_NO_MEMORY));
        return NULL;
    }
    use_default_context(ctx);
    return ctx;
}

/* ---- parameters ---- */

static ENV_RESULT set_kek(struct env_cipher_ctx *ctx, const OSSL_PARAM *p)
{
    if (ctx->stream->state != ENV_STREAM_NEW && ctx->stream->state != ENV_STREAM_DONE)
        return ENV_FAIL(ENV_R_PARAMETER_TOO_LATE);
    return env_kek_choice_param(&ctx->choice, p, &ctx->provctx->errors);
}

static ENV_RESULT set_context(struct env_cipher_ctx *ctx, const OSSL_PARAM *p)
{
    if (ctx->stream->state != ENV_STREAM_NEW && ctx->stream->state != ENV_STREAM_DONE)
        return ENV_FAIL(ENV_R_PARAMETER_TOO_LATE);
    if ((p->data_type != OSSL_PARAM_OCTET_STRING && p->data_type != OSSL_PARAM_UTF8_STRING) ||
        (p->data == NULL && p->data_size > 0))
        return ENV_RAISE(&ctx->provctx->errors, ENV_R_BAD_PARAMETER, "%s",
                         ENV_CIPHER_PARAM_CONTEXT);
    if (p->data_size > ENV_CONTEXT_MAX)
        return ENV_FAIL(ENV_R_CONTEXT_TOO_LONG);
    ctx->stream->context_len = p->data_size;
    if (p->data_size > 0)
        memcpy(ctx->stream->context, p->data, p->data_size);
    return ENV_OK;
}

static ENV_RESULT set_length(const struct env_cipher_ctx *ctx, const OSSL_PARAM *p, size_t only)
{
    size_t value = 0;

    if (!OSSL_PARAM_get_size_t(p, &value))
        return ENV_RAISE(&ctx->provctx->errors, ENV_R_BAD_PARAMETER, "%s", p->key);
    return value == only ? ENV_OK : ENV_FAIL(ENV_R_BAD_KEY_LENGTH);
}

static ENV_RESULT set_params(struct env_cipher_ctx *ctx, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p;

    if (params == NULL)
        return ENV_OK;
    if ((p = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_KEYLEN)) != NULL)
        ENV_TRY(set_length(ctx, p, ENV_SELECTOR_KEY_LEN));
    if ((p = OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_KEK)) != NULL)
        ENV_TRY(set_kek(ctx, p));
    p = OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_CONTEXT);
    if (p != NULL && ctx->kind->takes_context)
        ENV_TRY(set_context(ctx, p));
    /* OSSL_CIPHER_PARAM_PADDING (enc -nopad) means nothing here: there is no padding */
    return ENV_OK;
}

/* ---- one message ---- */

static ENV_RESULT init(struct env_cipher_ctx *ctx, const struct direction *direction,
                       struct env_span key, const OSSL_PARAM params[])
{
    ctx->direction = NULL;
    env_stream_reset(ctx->stream);
    if (direction == NULL)
        return ENV_FAIL(ENV_R_REWRAP_DECRYPT);
    ENV_TRY(env_provctx_ready(ctx->provctx));
    ENV_TRY(env_kek_choice_key(&ctx->choice, key, env_selector_from_key));
    ENV_TRY(set_params(ctx, params));
    ctx->direction = direction;
    return ENV_OK;
}

/* The key's URI goes where the kek parameter would, so that the KEK is found and judged as ever. */
static ENV_RESULT init_with_skey(struct env_cipher_ctx *ctx, const struct direction *direction,
                                 const void *skey, const OSSL_PARAM params[])
{
    ENV_RESULT r;

    if (skey != NULL)
        ctx->choice.key_refused = false;
    ENV_TRY(init(ctx, direction, (struct env_span){NULL, 0}, params));
    if (skey == NULL) /* the one that was given before */
        return ENV_OK;
    r = env_kek_choice_skey(&ctx->choice, env_kek_skey_uri(skey));
    if (!env_ok(r))
        ctx->direction = NULL;
    return r;
}

static ENV_RESULT run_update(struct env_cipher_ctx *ctx, const struct env_selector *selector,
                             struct env_io *io)
{
    if (ctx->direction == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (io->in_len == 0)
        return ENV_OK;
    if (io->in == NULL)
        return ENV_FAIL(ENV_R_BAD_PARAMETER);
    return ctx->direction->update(ctx->stream, selector, io);
}

static ENV_RESULT run_final(struct env_cipher_ctx *ctx, const struct env_selector *selector,
                            struct env_io *io)
{
    if (ctx->direction == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    return ctx->direction->final(ctx->stream, selector, io);
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_cipher_newctx_fn newctx_envelope;
static OSSL_FUNC_cipher_newctx_fn newctx_envelope_1m;
static OSSL_FUNC_cipher_newctx_fn newctx_rewrap;
static OSSL_FUNC_cipher_freectx_fn freectx;
static OSSL_FUNC_cipher_dupctx_fn dupctx;
static OSSL_FUNC_cipher_encrypt_init_fn encrypt_init;
static OSSL_FUNC_cipher_decrypt_init_fn decrypt_init;
static OSSL_FUNC_cipher_encrypt_skey_init_fn encrypt_skey_init;
static OSSL_FUNC_cipher_decrypt_skey_init_fn decrypt_skey_init;
static OSSL_FUNC_cipher_update_fn update;
static OSSL_FUNC_cipher_final_fn final;
static OSSL_FUNC_cipher_cipher_fn cipher;
static OSSL_FUNC_cipher_get_params_fn get_params_envelope;
static OSSL_FUNC_cipher_get_params_fn get_params_envelope_1m;
static OSSL_FUNC_cipher_get_params_fn get_params_rewrap;
static OSSL_FUNC_cipher_get_ctx_params_fn get_ctx_params;
static OSSL_FUNC_cipher_set_ctx_params_fn set_ctx_params;

static void *newctx_envelope(void *vprovctx)
{
    return new_ctx(vprovctx, &kind_envelope);
}

static void *newctx_envelope_1m(void *vprovctx)
{
    return new_ctx(vprovctx, &kind_envelope_1m);
}

static void *newctx_rewrap(void *vprovctx)
{
    return new_ctx(vprovctx, &kind_rewrap);
}

static void freectx(void *vctx)
{
    if (vctx != NULL)
        free_ctx(vctx);
}

static void *dupctx(void *vctx)
{
    const struct env_cipher_ctx *from = vctx;
    struct env_cipher_ctx *to = OPENSSL_memdup(from, sizeof(*from));
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (to != NULL) {
        to->stream = NULL;
        if (env_kek_choice_separate(&to->choice))
            r = env_stream_copy(from->stream, from->direction == &sealing, &to->stream);
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
    struct env_cipher_ctx *ctx = vctx;
    ENV_RESULT r = init(ctx, ctx->kind->encrypt, (struct env_span){key, key_len}, params);

    (void)iv; /* the IV length is 0: callers pass a pointer all the same */
    (void)iv_len;
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static int decrypt_init(void *vctx, const unsigned char *key, size_t key_len,
                        const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    struct env_cipher_ctx *ctx = vctx;
    ENV_RESULT r = init(ctx, ctx->kind->decrypt, (struct env_span){key, key_len}, params);

    (void)iv;
    (void)iv_len;
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static int encrypt_skey_init(void *vctx, void *skey, const unsigned char *iv, size_t iv_len,
                             const OSSL_PARAM params[])
{
    struct env_cipher_ctx *ctx = vctx;
    ENV_RESULT r = init_with_skey(ctx, ctx->kind->encrypt, skey, params);

    (void)iv;
    (void)iv_len;
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

static int decrypt_skey_init(void *vctx, void *skey, const unsigned char *iv, size_t iv_len,
                             const OSSL_PARAM params[])
{
    struct env_cipher_ctx *ctx = vctx;
    ENV_RESULT r = init_with_skey(ctx, ctx->kind->decrypt, skey, params);

    (void)iv;
    (void)iv_len;
    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

/* Every failure of an update or a final ends the message. */
static int end_call(struct env_cipher_ctx *ctx, ENV_RESULT r, const struct env_io *io,
                    size_t *out_len)
{
    *out_len = env_ok(r) ? io->written : 0;
    if (env_ok(r))
        return 1;
    if (ctx->direction != NULL)
        env_stream_fail(ctx->stream);
    return ENV_EDGE_FAIL(ctx->provctx, r);
}

static int update(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    struct env_cipher_ctx *ctx = vctx;
    struct env_selector selector = env_kek_choice_selector(&ctx->choice);
    struct env_io io = {.in = in, .in_len = in_len, .out = out, .out_size = out_size};

    return end_call(ctx, run_update(ctx, &selector, &io), &io, out_len);
}

static int final(void *vctx, unsigned char *out, size_t *out_len, size_t out_size)
{
    struct env_cipher_ctx *ctx = vctx;
    struct env_selector selector = env_kek_choice_selector(&ctx->choice);
    struct env_io io = {.out = out, .out_size = out_size};

    return end_call(ctx, run_final(ctx, &selector, &io), &io, out_len);
}

/* EVP_Cipher: input is an update, none is the end of the message. */
static int cipher(void *vctx, unsigned char *out, size_t *out_len, size_t out_size,
                  const unsigned char *in, size_t in_len)
{
    return in != NULL ? update(vctx, out, out_len, out_size, in, in_len)
                      : final(vctx, out, out_len, out_size);
}

static int get_params_envelope(OSSL_PARAM params[])
{
    return env_cipher_get_params(&env_stream_envelope, params);
}

static int get_params_envelope_1m(OSSL_PARAM params[])
{
    return env_cipher_get_params(&env_stream_envelope_1m, params);
}

static int get_params_rewrap(OSSL_PARAM params[])
{
    return env_cipher_get_params(&env_stream_rewrap, params);
}

static int get_ctx_params(void *vctx, OSSL_PARAM params[])
{
    const struct env_cipher_ctx *ctx = vctx;

    return env_cipher_get_params(ctx->kind->stream, params);
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct env_cipher_ctx *ctx = vctx;
    ENV_RESULT r = set_params(ctx, params);

    return env_ok(r) ? 1 : ENV_EDGE_FAIL(ctx->provctx, r);
}

/* The ciphers differ in how a context is made, in the block size and in what can be set. */
#define CIPHER_FUNCTIONS(kind, settable)                                                           \
    {                                                                                              \
        {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))newctx_##kind},                                  \
            {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))freectx},                                   \
            {OSSL_FUNC_CIPHER_DUPCTX, (void (*)(void))dupctx},                                     \
            {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))encrypt_init},                         \
            {OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))decrypt_init},                         \
            {OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT, (void (*)(void))encrypt_skey_init},               \
            {OSSL_FUNC_CIPHER_DECRYPT_SKEY_INIT, (void (*)(void))decrypt_skey_init},               \
            {OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))update},                                     \
            {OSSL_FUNC_CIPHER_FINAL, (void (*)(void)) final},                                      \
            {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))cipher},                                     \
            {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_params_##kind},                      \
            {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, (void (*)(void))env_cipher_gettable_params},        \
            {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (void (*)(void))get_ctx_params},                     \
            {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS,                                                 \
             (void (*)(void))env_cipher_gettable_ctx_params},                                      \
            {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},                     \
            {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))(settable)},                    \
        {                                                                                          \
            0, NULL                                                                                \
        }                                                                                          \
    }

const OSSL_DISPATCH env_cipher_functions[] =
    CIPHER_FUNCTIONS(envelope, env_cipher_settable_ctx_params);
const OSSL_DISPATCH env_cipher_1m_functions[] =
    CIPHER_FUNCTIONS(envelope_1m, env_cipher_settable_ctx_params);
const OSSL_DISPATCH env_rewrap_functions[] =
    CIPHER_FUNCTIONS(rewrap, env_cipher_settable_rewrap_params);
