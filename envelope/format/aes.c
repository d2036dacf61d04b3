/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/aes.h"

#include <limits.h>

#include "envelope/base/fork_gate.h"
#include "envelope/format/aes_fetched.h"
#include "envelope/format/kept.h"

/* ---- fetching; if another thread was faster, its result is used ---- */

static const EVP_CIPHER *cipher_of(const struct env_crypto *crypto, enum env_aes_cipher which)
{
    static const char *const names[ENV_AES_CIPHERS] = {"AES-256-ECB", "AES-128-CTR", "AES-192-CTR",
                                                       "AES-256-CTR", "AES-128-CBC", "AES-192-CBC",
                                                       "AES-256-CBC"};
    _Atomic(EVP_CIPHER *) *place = &env_crypto_aes(crypto)->ciphers[which];
    EVP_CIPHER *known = atomic_load_explicit(place, memory_order_acquire);
    EVP_CIPHER *fetched;

    if (known != NULL)
        return known;
    env_fork_gate_enter();
    fetched =
        EVP_CIPHER_fetch(env_crypto_libctx(crypto), names[which], env_crypto_propquery(crypto));
    env_fork_gate_leave();
    if (fetched == NULL || atomic_compare_exchange_strong(place, &known, fetched))
        return fetched;
    EVP_CIPHER_free(fetched);
    return known;
}

/* ---- contexts for one use ---- */

static EVP_CIPHER_CTX *empty_take(const struct env_crypto *crypto, enum env_kept_kind kind)
{
    EVP_CIPHER_CTX *ctx = env_kept_take(env_crypto_kept(crypto), kind);

    return ctx != NULL ? ctx : EVP_CIPHER_CTX_new();
}

static void empty_give(const struct env_crypto *crypto, enum env_kept_kind kind,
                       EVP_CIPHER_CTX *ctx)
{
    if (ctx != NULL && EVP_CIPHER_CTX_reset(ctx) == 1)
        ctx = env_kept_give(env_crypto_kept(crypto), kind, ctx);
    EVP_CIPHER_CTX_free(ctx);
}

EVP_CIPHER_CTX *env_gcm_once_take(const struct env_crypto *crypto)
{
    return empty_take(crypto, ENV_KEPT_EMPTY_GCM);
}

void env_gcm_once_give(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm)
{
    empty_give(crypto, ENV_KEPT_EMPTY_GCM, gcm);
}

/* ---- blocks and CTR ---- */

static ENV_RESULT cipher_run(const struct env_crypto *crypto, enum env_aes_cipher which,
                             const uint8_t *key, const uint8_t *iv, struct env_span in,
                             uint8_t *out)
{
    const EVP_CIPHER *cipher = cipher_of(crypto, which);
    EVP_CIPHER_CTX *ctx;
    int n = 0;
    bool ok;

    if (cipher == NULL)
        return ENV_FAIL(ENV_R_FIELD_NO_AES);
    if (in.len > INT_MAX)
        return ENV_FAIL(ENV_R_FIELD_TOO_LONG);
    if (in.len == 0)
        return ENV_OK;
    ctx = empty_take(crypto, ENV_KEPT_EMPTY_AES);
    if (ctx == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    ok = EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
         EVP_EncryptUpdate(ctx, out, &n, in.data, (int)in.len) == 1 && n >= 0 &&
         (size_t)n == in.len;
    empty_give(crypto, ENV_KEPT_EMPTY_AES, ctx);
    return ok ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

ENV_RESULT env_aes_blocks(const struct env_crypto *crypto, const uint8_t key[32], const uint8_t *in,
                          uint8_t *out, size_t len)
{
    return cipher_run(crypto, ENV_AES_256_ECB, key, NULL, (struct env_span){in, len}, out);
}

ENV_RESULT env_aes_ctr(const struct env_crypto *crypto, struct env_span key,
                       const uint8_t counter[ENV_AES_BLOCK_LEN], struct env_span in, uint8_t *out)
{
    enum env_aes_cipher which = key.len == 32   ? ENV_AES_256_CTR
                                : key.len == 24 ? ENV_AES_192_CTR
                                                : ENV_AES_128_CTR;

    return cipher_run(crypto, which, key.data, counter, in, out);
}

/* ---- CBC ---- */

ENV_RESULT env_aes_cbc_take(const struct env_crypto *crypto, struct env_span key,
                            EVP_CIPHER_CTX **cbc)
{
    static const uint8_t zero[ENV_AES_BLOCK_LEN];
    const EVP_CIPHER *cipher = cipher_of(crypto, key.len == 32   ? ENV_AES_256_CBC
                                                 : key.len == 24 ? ENV_AES_192_CBC
                                                                 : ENV_AES_128_CBC);

    *cbc = cipher != NULL ? empty_take(crypto, ENV_KEPT_EMPTY_AES) : NULL;
    if (*cbc == NULL)
        return ENV_FAIL(cipher == NULL ? ENV_R_FIELD_NO_AES : ENV_R_NO_MEMORY);
    return EVP_EncryptInit_ex2(*cbc, cipher, key.data, zero, NULL) == 1
               ? ENV_OK
               : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

void env_aes_cbc_give(const struct env_crypto *crypto, EVP_CIPHER_CTX *cbc)
{
    empty_give(crypto, ENV_KEPT_EMPTY_AES, cbc);
}

ENV_RESULT env_aes_cbc_run(EVP_CIPHER_CTX *cbc, uint8_t *blocks, size_t len)
{
    int n = 0;

    return len <= INT_MAX && EVP_EncryptUpdate(cbc, blocks, &n, blocks, (int)len) == 1 && n >= 0 &&
                   (size_t)n == len
               ? ENV_OK
               : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

/* ---- doubling ---- */

void env_aes_double(uint8_t block[ENV_AES_BLOCK_LEN])
{
    uint8_t carried = (uint8_t)(0u - (block[0] >> 7)) & 0x87u;

    for (size_t i = 0; i + 1 < ENV_AES_BLOCK_LEN; i++)
        block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
    block[ENV_AES_BLOCK_LEN - 1] = (uint8_t)(block[ENV_AES_BLOCK_LEN - 1] << 1) ^ carried;
}
