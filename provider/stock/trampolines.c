/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/trampolines.h"

#include "provider/stock/marked_calls.h"
#include "provider/stock/stand_in.h"

#define EVERY_SLOT(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
_Static_assert(ENV_STOCK_SLOTS == 8, "EVERY_SLOT");

/* ---- ciphers ---- */

static inline int encrypt_init(int slot, enum env_stock_id id, const struct env_init *init)
{
    const struct env_splices *splices = env_slot_get(slot);

    if (init->key != NULL && env_mark_is_likely(init->key, init->key_len))
        return env_marked_init(splices, id, splices->ciphers[id].encrypt_init, init);
    return splices->ciphers[id].encrypt_init(init->ctx, init->key, init->key_len, init->iv,
                                             init->iv_len, init->params);
}

static inline int decrypt_init(int slot, enum env_stock_id id, const struct env_init *init)
{
    const struct env_splices *splices = env_slot_get(slot);

    if (init->key != NULL && env_mark_is_likely(init->key, init->key_len))
        return env_marked_init(splices, id, splices->ciphers[id].decrypt_init, init);
    return splices->ciphers[id].decrypt_init(init->ctx, init->key, init->key_len, init->iv,
                                             init->iv_len, init->params);
}

#define INIT(slot, id, way)                                                                        \
    static OSSL_FUNC_cipher_##way##_fn way##_##slot##_##id;                                        \
    static int way##_##slot##_##id(void *ctx, const unsigned char *key, size_t key_len,            \
                                   const unsigned char *iv, size_t iv_len,                         \
                                   const OSSL_PARAM params[])                                      \
    {                                                                                              \
        return way(slot, ENV_STOCK_##id,                                                           \
                   &(struct env_init){ctx, key, key_len, iv, iv_len, params});                     \
    }
#define INITS(slot, id)                                                                            \
    INIT(slot, id, encrypt_init)                                                                   \
    INIT(slot, id, decrypt_init)
#define CIPHER_0(id, name, key, iv, block, mode, flags) INITS(0, id)
#define CIPHER_1(id, name, key, iv, block, mode, flags) INITS(1, id)
#define CIPHER_2(id, name, key, iv, block, mode, flags) INITS(2, id)
#define CIPHER_3(id, name, key, iv, block, mode, flags) INITS(3, id)
#define CIPHER_4(id, name, key, iv, block, mode, flags) INITS(4, id)
#define CIPHER_5(id, name, key, iv, block, mode, flags) INITS(5, id)
#define CIPHER_6(id, name, key, iv, block, mode, flags) INITS(6, id)
#define CIPHER_7(id, name, key, iv, block, mode, flags) INITS(7, id)

ENV_STOCK_CIPHERS(CIPHER_0)
ENV_STOCK_CIPHERS(CIPHER_1)
ENV_STOCK_CIPHERS(CIPHER_2)
ENV_STOCK_CIPHERS(CIPHER_3)
ENV_STOCK_CIPHERS(CIPHER_4)
ENV_STOCK_CIPHERS(CIPHER_5)
ENV_STOCK_CIPHERS(CIPHER_6)
ENV_STOCK_CIPHERS(CIPHER_7)

#define PAIR(slot, id) {encrypt_init_##slot##_##id, decrypt_init_##slot##_##id},
#define PAIR_0(id, name, key, iv, block, mode, flags) PAIR(0, id)
#define PAIR_1(id, name, key, iv, block, mode, flags) PAIR(1, id)
#define PAIR_2(id, name, key, iv, block, mode, flags) PAIR(2, id)
#define PAIR_3(id, name, key, iv, block, mode, flags) PAIR(3, id)
#define PAIR_4(id, name, key, iv, block, mode, flags) PAIR(4, id)
#define PAIR_5(id, name, key, iv, block, mode, flags) PAIR(5, id)
#define PAIR_6(id, name, key, iv, block, mode, flags) PAIR(6, id)
#define PAIR_7(id, name, key, iv, block, mode, flags) PAIR(7, id)
#define PAIRS(slot) {ENV_STOCK_CIPHERS(PAIR_##slot)},

const struct env_cipher_trampolines
    env_cipher_trampolines[ENV_STOCK_SLOTS][ENV_STOCK_CIPHER_COUNT] = {EVERY_SLOT(PAIRS)};

#define NEWCTX(id, name, key, iv, block, mode, flags)                                              \
    static OSSL_FUNC_cipher_newctx_fn newctx_##id;                                                 \
    static void *newctx_##id(void *provctx)                                                        \
    {                                                                                              \
        const struct env_cipher_splice *splice =                                                   \
            &env_splices_of(provctx)->ciphers[ENV_STOCK_##id];                                     \
                                                                                                   \
        return splice->newctx(splice->stock);                                                      \
    }

ENV_STOCK_CIPHERS(NEWCTX)

#define NEWCTX_ROW(id, name, key, iv, block, mode, flags) newctx_##id,

OSSL_FUNC_cipher_newctx_fn *const env_cipher_newctx[ENV_STOCK_CIPHER_COUNT] = {
    ENV_STOCK_CIPHERS(NEWCTX_ROW)};

/* ---- PBKDF2 ---- */

#define KDF(slot)                                                                                  \
    static OSSL_FUNC_kdf_derive_fn derive_##slot;                                                  \
    static OSSL_FUNC_kdf_set_ctx_params_fn set_ctx_params_##slot;                                  \
                                                                                                   \
    static int derive_##slot(void *ctx, unsigned char *key, size_t len, const OSSL_PARAM params[]) \
    {                                                                                              \
        return env_kdf_derive(env_slot_get(slot), ctx, key, len, params);                          \
    }                                                                                              \
                                                                                                   \
    static int set_ctx_params_##slot(void *ctx, const OSSL_PARAM params[])                         \
    {                                                                                              \
        return env_kdf_set_ctx_params(env_slot_get(slot), ctx, params);                            \
    }

EVERY_SLOT(KDF)

#define KDF_ROW(slot) {derive_##slot, set_ctx_params_##slot},

const struct env_kdf_trampolines env_kdf_trampolines[ENV_STOCK_SLOTS] = {EVERY_SLOT(KDF_ROW)};

void *env_kdf_newctx(void *provctx)
{
    const struct env_kdf_splice *splice = &env_splices_of(provctx)->kdf;

    return splice->newctx(splice->stock);
}

/* ---- keys as objects ---- */

#define SKEYMGMT(id)                                                                               \
    static OSSL_FUNC_skeymgmt_import_fn import_##id;                                               \
    static OSSL_FUNC_skeymgmt_generate_fn generate_##id;                                           \
                                                                                                   \
    static void *import_##id(void *provctx, int selection, const OSSL_PARAM params[])              \
    {                                                                                              \
        const struct env_skeymgmt_splice *splice =                                                 \
            &env_splices_of(provctx)->skeymgmts[ENV_SKEYMGMT_##id];                                \
                                                                                                   \
        return splice->import(splice->stock, selection, params);                                   \
    }                                                                                              \
                                                                                                   \
    static void *generate_##id(void *provctx, const OSSL_PARAM params[])                           \
    {                                                                                              \
        const struct env_skeymgmt_splice *splice =                                                 \
            &env_splices_of(provctx)->skeymgmts[ENV_SKEYMGMT_##id];                                \
                                                                                                   \
        return splice->generate(splice->stock, params);                                            \
    }

SKEYMGMT(AES)
SKEYMGMT(GENERIC)

const struct env_skeymgmt_trampolines env_skeymgmt_trampolines[ENV_SKEYMGMT_COUNT] = {
    [ENV_SKEYMGMT_AES] = {import_AES, generate_AES},
    [ENV_SKEYMGMT_GENERIC] = {import_GENERIC, generate_GENERIC},
};
