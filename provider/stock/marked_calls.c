/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/marked_calls.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/format/random.h"
#include "provider/common/edge.h"
#include "provider/stock/stand_in.h"

/* On failure stock OpenSSL's own errors are on the stack. */
static ENV_RESULT stock_result(int done)
{
    return done > 0 ? ENV_OK : (ENV_RESULT){ENV_R_CRYPTO_FAILED, true, 0};
}

/* ---- ciphers ---- */

static ENV_RESULT init_with_named_key(const struct env_splices *splices, enum env_stock_id id,
                                      OSSL_FUNC_cipher_encrypt_init_fn *stock,
                                      const struct env_init *init)
{
    const struct env_real_use use = {
        .algorithm = env_stock_ciphers[id].name,
        .seals = stock == splices->ciphers[id].encrypt_init,
        .padded = init->key_len,
    };
    struct env_real_key key;
    ENV_RESULT r;

    ENV_TRY(env_real_key_find(splices->provctx, (struct env_span){init->key, init->key_len}, &use,
                              &key));
    r = stock_result(stock(init->ctx, key.bytes, key.len, init->iv, init->iv_len, init->params));
    env_real_key_clear(&key);
    return r;
}

/* Configuration errors come first: they may be why the cipher is not listed. */
static ENV_RESULT init_marked(const struct env_splices *splices, enum env_stock_id id,
                              enum env_mark mark, OSSL_FUNC_cipher_encrypt_init_fn *stock,
                              const struct env_init *init)
{
    const struct env_provctx *provctx = splices->provctx;

    ENV_TRY(env_provctx_ready(splices->provctx));
    if (env_mark_reason(mark) != ENV_R_NONE)
        return ENV_RAISE(&provctx->errors, env_mark_reason(mark), "%s", env_stock_ciphers[id].name);
    if (!splices->listed[id])
        return ENV_RAISE(&provctx->errors, ENV_R_KEY_NOT_LISTED, "%s", env_stock_ciphers[id].name);
    return init_with_named_key(splices, id, stock, init);
}

/*
 * Without a key, stock OpenSSL's ciphers do nothing. The exception is ChaCha20-Poly1305, which then
 * has a key of zeros, so a program that ignores results would seal under it. It gets a random key
 * instead.
 */
static void spoil(const struct env_splices *splices, enum env_stock_id id,
                  OSSL_FUNC_cipher_encrypt_init_fn *stock, const struct env_init *init)
{
    const size_t len = env_stock_ciphers[id].key_len;
    unsigned char *key;

    if (id != ENV_STOCK_CHACHA20_POLY1305)
        return;
    key = env_secret_alloc(len);
    if (key != NULL && env_ok(env_random_private(splices->provctx->dek.crypto, key, len)))
        (void)stock(init->ctx, key, len, NULL, 0, NULL);
    env_secret_free(key, len);
}

static ENV_RESULT init_or_spoil(const struct env_splices *splices, enum env_stock_id id,
                                enum env_mark mark, OSSL_FUNC_cipher_encrypt_init_fn *stock,
                                const struct env_init *init)
{
    ENV_RESULT r = init_marked(splices, id, mark, stock, init);

    if (!env_ok(r))
        spoil(splices, id, stock, init);
    return r;
}

int env_marked_init(const struct env_splices *splices, enum env_stock_id id,
                    OSSL_FUNC_cipher_encrypt_init_fn *stock, const struct env_init *init)
{
    enum env_mark mark = env_mark_of(init->key, init->key_len);

    if (mark == ENV_MARK_NONE || splices->provctx->inside_token())
        return stock(init->ctx, init->key, init->key_len, init->iv, init->iv_len, init->params);
    return ENV_EDGE_IN(splices->provctx, splices->provctx,
                       init_or_spoil(splices, id, mark, stock, init));
}

/* ---- PBKDF2 ---- */

/* The password if it is a stand-in; otherwise NULL. */
static const OSSL_PARAM *marked_password(const struct env_splices *splices,
                                         const OSSL_PARAM params[])
{
    const OSSL_PARAM *p =
        params != NULL ? OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_PASSWORD) : NULL;

    return p != NULL && p->data_type == OSSL_PARAM_OCTET_STRING && p->data != NULL &&
                   env_mark_of_password(p->data, p->data_size) != ENV_MARK_NONE &&
                   !splices->provctx->inside_token()
               ? p
               : NULL;
}

/* A call of stock OpenSSL that passes parameters. */
struct kdf_call {
    const struct env_kdf_splice *splice;
    bool derives; /* or only sets parameters */
    void *ctx;
    unsigned char *key;
    size_t len;
};

static int call(const struct kdf_call *call, const OSSL_PARAM params[])
{
    return call->derives ? call->splice->derive(call->ctx, call->key, call->len, params)
                         : call->splice->set_ctx_params(call->ctx, params);
}

static ENV_RESULT with_key(const struct kdf_call *how, const OSSL_PARAM params[],
                           const OSSL_PARAM *password, const struct env_real_key *key)
{
    size_t count = 1;
    OSSL_PARAM *changed;
    ENV_RESULT r;

    for (const OSSL_PARAM *p = params; p->key != NULL; p++)
        count++;
    changed = OPENSSL_memdup(params, count * sizeof(*params));
    if (changed == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    changed[password - params].data = key->bytes;
    changed[password - params].data_size = key->len;
    r = stock_result(call(how, changed));
    OPENSSL_free(changed);
    return r;
}

static ENV_RESULT call_with_named_key(const struct env_splices *splices, const struct kdf_call *how,
                                      const OSSL_PARAM params[], const OSSL_PARAM *password)
{
    static const struct env_real_use use = {.algorithm = ENV_STOCK_PBKDF2};
    struct env_provctx *provctx = splices->provctx;
    struct env_real_key key;
    enum env_reason wrong;
    ENV_RESULT r;

    ENV_TRY(env_provctx_ready(provctx));
    wrong = env_mark_reason(env_mark_of_password(password->data, password->data_size));
    if (wrong != ENV_R_NONE)
        return ENV_RAISE(&provctx->errors, wrong, "%s", ENV_STOCK_PBKDF2);
    ENV_TRY(env_real_key_find(provctx, (struct env_span){password->data, password->data_size}, &use,
                              &key));
    r = with_key(how, params, password, &key);
    env_real_key_clear(&key);
    return r;
}

void env_kdf_spoil(const struct env_provctx *provctx, unsigned char *out, size_t len)
{
    if (out != NULL && provctx->dek.crypto != NULL &&
        !env_ok(env_random_private(provctx->dek.crypto, out, len)))
        memset(out, 0, len);
}

static ENV_RESULT derive_marked(const struct env_splices *splices, const struct kdf_call *how,
                                const OSSL_PARAM params[], const OSSL_PARAM *password)
{
    ENV_RESULT r = call_with_named_key(splices, how, params, password);

    if (!env_ok(r))
        env_kdf_spoil(splices->provctx, how->key, how->len);
    return r;
}

int env_kdf_derive(const struct env_splices *splices, void *ctx, unsigned char *key, size_t len,
                   const OSSL_PARAM params[])
{
    const struct kdf_call how = {&splices->kdf, true, ctx, key, len};
    const OSSL_PARAM *password = marked_password(splices, params);

    if (password == NULL)
        return splices->kdf.derive(ctx, key, len, params);
    return ENV_EDGE_IN(splices->provctx, splices->provctx,
                       derive_marked(splices, &how, params, password));
}

int env_kdf_set_ctx_params(const struct env_splices *splices, void *ctx, const OSSL_PARAM params[])
{
    const struct kdf_call how = {&splices->kdf, false, ctx, NULL, 0};
    const OSSL_PARAM *password = marked_password(splices, params);

    if (password == NULL)
        return splices->kdf.set_ctx_params(ctx, params);
    return ENV_EDGE_IN(splices->provctx, splices->provctx,
                       call_with_named_key(splices, &how, params, password));
}
