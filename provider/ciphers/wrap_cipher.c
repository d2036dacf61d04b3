/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/wrap_cipher.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider/ciphers/cipher_params.h"
#include "provider/ciphers/kek_choice.h"
#include "provider/ciphers/wrap_once.h"
#include "provider/common/params.h"

struct wrap_ctx {
    struct env_wrap_once once;
    struct env_kek_choice choice;
};

static struct wrap_ctx *wrap(struct env_cipher_ctx *base)
{
    return (struct wrap_ctx *)base;
}

static ENV_RESULT separate(struct env_cipher_ctx *copy, const struct env_cipher_ctx *from)
{
    (void)from;
    return env_kek_choice_separate(&wrap(copy)->choice) ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

static void clear(struct env_cipher_ctx *base)
{
    env_kek_choice_clear(&wrap(base)->choice);
}

static ENV_RESULT set_params(struct env_cipher_ctx *base, const OSSL_PARAM params[])
{
    struct wrap_ctx *ctx = wrap(base);
    const OSSL_PARAM *p;

    if (params == NULL)
        return ENV_OK;
    ENV_TRY(env_wrap_check_key_len(&ctx->once, params));
    p = OSSL_PARAM_locate_const(params, ENV_CIPHER_PARAM_KEK);
    return p != NULL ? env_kek_choice_param(&ctx->choice, p, &base->provctx->errors) : ENV_OK;
}

static bool answer_ctx(const struct env_cipher_ctx *base, OSSL_PARAM params[])
{
    return env_wrap_answer(((const struct wrap_ctx *)base)->once.kind, params);
}

static ENV_RESULT init(struct env_cipher_ctx *base, const struct env_cipher_init *with,
                       const OSSL_PARAM params[])
{
    struct wrap_ctx *ctx = wrap(base);
    const struct env_wrap_kind *kind = ctx->once.kind;

    ctx->once.initialised = false;
    ENV_TRY(env_provctx_ready(base->provctx));
    if (with->key.data != NULL && with->key.len != env_wrap_key_len(kind))
        return ENV_FAIL(ENV_R_WRAP_KEY_LENGTH);
    ENV_TRY(env_kek_choice_key(&ctx->choice, with, env_selector_from_bytes));
    if (with->iv.data != NULL && !env_wrap_default_iv(kind, with->iv))
        return ENV_FAIL(ENV_R_DEFAULT_IV_ONLY);
    ENV_TRY(set_params(base, params));
    ENV_TRY(env_kek_choice_skey(&ctx->choice, with));
    env_wrap_begin(&ctx->once, with->encrypt);
    return ENV_OK;
}

static ENV_RESULT update(struct env_cipher_ctx *base, struct env_io *io)
{
    struct wrap_ctx *ctx = wrap(base);
    struct env_selector selector = env_kek_choice_selector(&ctx->choice);

    return env_wrap_update(&ctx->once, &selector, io);
}

static ENV_RESULT final(struct env_cipher_ctx *base, struct env_io *io)
{
    (void)io;
    return env_wrap_final(&wrap(base)->once);
}

/* ---- what libcrypto calls ---- */

static void *new_ctx(struct env_provctx *provctx, const struct env_wrap_kind *kind)
{
    static const struct env_cipher_family family = {
        .ctx_size = sizeof(struct wrap_ctx),
        .init = init,
        .update = update,
        .final = final,
        .separate = separate,
        .clear = clear,
        .get_params = answer_ctx,
        .set_params = set_params,
    };
    void *ctx = NULL;

    return ENV_EDGE_IN(provctx, provctx, env_wrap_ctx_new(provctx, &family, kind, &ctx)) ? ctx
                                                                                         : NULL;
}

static OSSL_FUNC_cipher_settable_ctx_params_fn settable_ctx_params;

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

/* The six ciphers differ only in their kind. */
#define IMPLEMENT_CIPHER(name)                                                                     \
    static OSSL_FUNC_cipher_newctx_fn wrap_##name##_newctx;                                        \
    static OSSL_FUNC_cipher_get_params_fn wrap_##name##_get_params;                                \
                                                                                                   \
    static void *wrap_##name##_newctx(void *vprovctx)                                              \
    {                                                                                              \
        return new_ctx(vprovctx, &env_wrap_kind_##name);                                           \
    }                                                                                              \
                                                                                                   \
    static int wrap_##name##_get_params(OSSL_PARAM params[])                                       \
    {                                                                                              \
        return env_wrap_answer(&env_wrap_kind_##name, params);                                     \
    }                                                                                              \
                                                                                                   \
    const OSSL_DISPATCH env_wrap_##name##_functions[] = {                                          \
        {OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))wrap_##name##_newctx},                           \
        ENV_CIPHER_ROWS,                                                                           \
        {OSSL_FUNC_CIPHER_ENCRYPT_SKEY_INIT, (void (*)(void))env_cipher_encrypt_skey_init},        \
        {OSSL_FUNC_CIPHER_DECRYPT_SKEY_INIT, (void (*)(void))env_cipher_decrypt_skey_init},        \
        {OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))env_cipher_cipher},                              \
        {OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))wrap_##name##_get_params},                   \
        {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, (void (*)(void))env_wrap_gettable_params},              \
        {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))env_cipher_gettable_ctx_params},    \
        {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},               \
        {0, NULL},                                                                                 \
    }

IMPLEMENT_CIPHER(128);
IMPLEMENT_CIPHER(192);
IMPLEMENT_CIPHER(256);
IMPLEMENT_CIPHER(128_pad);
IMPLEMENT_CIPHER(192_pad);
IMPLEMENT_CIPHER(256_pad);
