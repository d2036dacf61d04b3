/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/field_cipher.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "provider/ciphers/cipher_edge.h"
#include "provider/ciphers/cipher_params.h"
#include "provider/ciphers/field_choice.h"
#include "provider/ciphers/field_value.h"
#include "provider/common/fips.h"
#include "provider/common/named.h"
#include "provider/common/params.h"

/* One way to process a value. */
struct direction {
    env_field_step_fn *update;
    env_field_step_fn *final;
    bool sealing;
};

struct field_kind {
    enum env_field_kind kind;
    struct direction seal;
    struct direction open;
};

struct field_ctx {
    struct env_cipher_ctx base;
    const struct field_kind *kind;
    const struct direction *direction; /* NULL: not initialised */
    size_t key_len;
    bool key_len_refused; /* key bytes of the default length would be truncated (PHP) */
    struct env_field_said said;
    struct env_field_value value;
};

static const struct field_kind kind_field = {
    .kind = ENV_FIELD_RANDOM,
    .seal = {env_field_seal_update, env_field_seal_final, true},
    .open = {env_field_open_update, env_field_open_final, false},
};

static const struct field_kind kind_field_deterministic = {
    .kind = ENV_FIELD_DETERMINISTIC,
    .seal = {env_field_seal_at_once, env_field_end_at_once, true},
    .open = {env_field_open_update, env_field_open_final, false},
};

static struct field_ctx *field(struct env_cipher_ctx *base)
{
    return (struct field_ctx *)base;
}

/* ---- contexts ---- */

static ENV_RESULT separate(struct env_cipher_ctx *base, const struct env_cipher_ctx *vfrom)
{
    const struct field_ctx *from = (const struct field_ctx *)vfrom;
    struct field_ctx *copy = field(base);
    ENV_RESULT r = env_field_said_separate(&copy->said, &from->said);
    ENV_RESULT of_value = env_field_value_separate(&copy->value);

    return env_ok(r) ? of_value : r;
}

static void clear(struct env_cipher_ctx *base)
{
    struct field_ctx *ctx = field(base);

    env_field_value_clear(base->provctx->dek.crypto, &ctx->value);
    env_field_said_clear(&ctx->said);
}

/* ---- parameters ---- */

static ENV_RESULT take_key_len(struct field_ctx *ctx, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_CIPHER_PARAM_KEYLEN);
    size_t len = 0;

    if (p == NULL)
        return ENV_OK;
    if (!OSSL_PARAM_get_size_t(p, &len))
        return ENV_RAISE(&ctx->base.provctx->errors, ENV_R_BAD_PARAMETER, "%s", p->key);
    ctx->key_len_refused = len < ENV_FIELD_KEY_MIN || len > ENV_FIELD_KEY_MAX;
    if (ctx->key_len_refused)
        return ENV_FAIL(ENV_R_FIELD_KEY_LENGTH);
    ctx->key_len = len;
    return ENV_OK;
}

static ENV_RESULT set_params(struct env_cipher_ctx *base, const OSSL_PARAM params[])
{
    struct field_ctx *ctx = field(base);

    if (params == NULL)
        return ENV_OK;
    ENV_TRY(take_key_len(ctx, params));
    if (!env_field_params_has(params)) /* padding and other parameters: not supported */
        return ENV_OK;
    if (ctx->value.state == ENV_FIELD_BEGUN)
        return ENV_FAIL(ENV_R_PARAMETER_TOO_LATE);
    return env_field_said_params(&ctx->said, &base->provctx->errors, params);
}

static bool answer(size_t key_len, OSSL_PARAM params[])
{
    const struct env_cipher_number numbers[] = {
        {OSSL_CIPHER_PARAM_KEYLEN, key_len},
        {OSSL_CIPHER_PARAM_IVLEN, 0},
        {OSSL_CIPHER_PARAM_BLOCK_SIZE, ENV_FIELD_BLOCK_SIZE},
    };

    return env_cipher_answer(params, 0, numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static bool answer_ctx(const struct env_cipher_ctx *base, OSSL_PARAM params[])
{
    return answer(((const struct field_ctx *)base)->key_len, params);
}

/* ---- one value ---- */

/* The IV length is 0, but callers may pass a pointer. */
static ENV_RESULT init(struct env_cipher_ctx *base, const struct env_cipher_init *with,
                       const OSSL_PARAM params[])
{
    struct env_provctx *provctx = base->provctx;
    struct field_ctx *ctx = field(base);

    ctx->direction = NULL;
    env_field_value_reset(provctx->dek.crypto, &ctx->value);
    ENV_TRY(env_provctx_ready(provctx));
    if (ctx->kind->kind == ENV_FIELD_DETERMINISTIC && env_fips_demanded(provctx))
        return ENV_FAIL(ENV_R_FIELD_NOT_IN_FIPS);
    ENV_TRY(env_crypto_ready(provctx->dek.crypto));
    if (with->key.data != NULL && ctx->key_len_refused)
        return ENV_FAIL(ENV_R_FIELD_KEY_LENGTH);
    ENV_TRY(env_field_said_key(&ctx->said, &provctx->errors, with->key));
    ENV_TRY(set_params(base, params));
    ctx->direction = with->encrypt ? &ctx->kind->seal : &ctx->kind->open;
    return ENV_OK;
}

static ENV_RESULT step(struct field_ctx *ctx, env_field_step_fn *step_fn, struct env_io *io)
{
    struct env_provctx *provctx = ctx->base.provctx;
    struct env_field_keys keys = {NULL, provctx->dek.crypto, &provctx->errors, provctx->tenants,
                                  provctx->field_memo};
    struct env_field_choice choice = {.kind = ctx->kind->kind};
    const struct env_field_step with = {&keys, &choice};
    ENV_RESULT r;

    env_field_said_choice(&ctx->said, &provctx->config, &choice);
    r = env_field_choice_check(&choice, ctx->direction->sealing);
    if (env_ok(r))
        r = env_provctx_named_keys(provctx, &keys.named);
    if (env_ok(r))
        r = step_fn(&ctx->value, &with, io);
    if (!env_ok(r)) {
        io->written = 0;
        env_field_value_fail(provctx->dek.crypto, &ctx->value);
    }
    return r;
}

static ENV_RESULT update(struct env_cipher_ctx *base, struct env_io *io)
{
    struct field_ctx *ctx = field(base);

    if (ctx->direction == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    if (io->in_len == 0)
        return ENV_OK;
    if (io->in == NULL || io->out == NULL) {
        env_field_value_fail(base->provctx->dek.crypto, &ctx->value);
        return ENV_FAIL(io->in == NULL ? ENV_R_BAD_PARAMETER : ENV_R_NO_OUTPUT_BUFFER);
    }
    return step(ctx, ctx->direction->update, io);
}

static ENV_RESULT final(struct env_cipher_ctx *base, struct env_io *io)
{
    struct field_ctx *ctx = field(base);

    if (ctx->direction == NULL)
        return ENV_FAIL(ENV_R_NOT_INITIALISED);
    return step(ctx, ctx->direction->final, io);
}

/* ---- what libcrypto calls ---- */

static const struct env_cipher_family family = {
    .ctx_size = sizeof(struct field_ctx),
    .init = init,
    .update = update,
    .final = final,
    .separate = separate,
    .clear = clear,
    .get_params = answer_ctx,
    .set_params = set_params,
};

static ENV_RESULT new_ctx(struct env_provctx *provctx, const struct field_kind *kind, void **out)
{
    struct field_ctx *ctx;

    ENV_TRY(env_cipher_ctx_new(provctx, &family, out));
    ctx = *out;
    ctx->kind = kind;
    ctx->key_len = ENV_FIELD_KEY_USUAL;
    return ENV_OK;
}

static OSSL_FUNC_cipher_get_params_fn get_params;
static OSSL_FUNC_cipher_settable_ctx_params_fn settable_ctx_params;

static int get_params(OSSL_PARAM params[])
{
    return answer(ENV_FIELD_KEY_USUAL, params);
}

static const OSSL_PARAM *settable_ctx_params(void *vctx, void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(ENV_CIPHER_PARAM_FIELD_KEY, NULL, 0),
        OSSL_PARAM_octet_string(ENV_CIPHER_PARAM_TENANT_KEY, NULL, 0),
        OSSL_PARAM_octet_string(ENV_CIPHER_PARAM_TENANT, NULL, 0),
        OSSL_PARAM_octet_string(ENV_CIPHER_PARAM_CONTEXT, NULL, 0),
        OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
        OSSL_PARAM_uint(OSSL_CIPHER_PARAM_PADDING, NULL),
        OSSL_PARAM_END,
    };

    (void)vctx;
    (void)vprovctx;
    return params;
}

#define IMPLEMENT_CIPHER(name)                                                                     \
    static OSSL_FUNC_cipher_newctx_fn name##_newctx;                                               \
                                                                                                   \
    static void *name##_newctx(void *vprovctx)                                                     \
    {                                                                                              \
        struct env_provctx *provctx = vprovctx;                                                    \
        void *ctx = NULL;                                                                          \
                                                                                                   \
        return ENV_EDGE_IN(provctx, provctx, new_ctx(provctx, &kind_##name, &ctx)) ? ctx : NULL;   \
    }                                                                                              \
                                                                                                   \
    const OSSL_DISPATCH env_##name##_functions[] = {                                               \
        {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))name##_newctx},                                  \
        ENV_CIPHER_ROWS,                                                                           \
        {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))env_cipher_cipher},                              \
        {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_params},                                 \
        {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, (void (*)(void))env_cipher_gettable_params},            \
        {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))env_cipher_gettable_ctx_params},    \
        {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},               \
        {0, NULL},                                                                                 \
    }

IMPLEMENT_CIPHER(field);
IMPLEMENT_CIPHER(field_deterministic);
