/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/crypto.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>

#include "envelope/base/fork_gate.h"
#include "envelope/format/aes_fetched.h"
#include "envelope/format/drawn_ahead.h"
#include "envelope/format/hmac.h"
#include "envelope/format/kept.h"

#define SHA384_LEN 48u

struct env_crypto {
    OSSL_LIB_CTX *libctx;
    char *propquery;
    CRYPTO_RWLOCK *lock; /* protects only the fetching */
    atomic_bool ready;
    EVP_CIPHER *gcm;
    struct env_hmac_fetched hmac;
    struct env_kept *kept;
    struct env_aes_fetched *aes; /* for fields: fetched when first needed */
};

struct env_crypto *env_crypto_new(OSSL_LIB_CTX *libctx, const char *propquery)
{
    struct env_crypto *crypto = OPENSSL_zalloc(sizeof(*crypto));

    if (crypto == NULL)
        return NULL;
    crypto->libctx = libctx;
    crypto->lock = CRYPTO_THREAD_lock_new();
    crypto->kept = OPENSSL_zalloc(sizeof(*crypto->kept));
    crypto->aes = OPENSSL_zalloc(sizeof(*crypto->aes));
    if (propquery != NULL)
        crypto->propquery = OPENSSL_strdup(propquery);
    if (crypto->lock == NULL || crypto->kept == NULL || crypto->aes == NULL ||
        (propquery != NULL && crypto->propquery == NULL)) {
        env_crypto_free(crypto);
        return NULL;
    }
    return crypto;
}

static void drop_fetched(struct env_crypto *crypto)
{
    env_hmac_drop(&crypto->hmac);
    EVP_CIPHER_free(crypto->gcm);
    crypto->gcm = NULL;
}

static void drop_aes(struct env_crypto *crypto)
{
    for (size_t i = 0; crypto->aes != NULL && i < ENV_AES_CIPHERS; i++)
        EVP_CIPHER_free(atomic_load(&crypto->aes->ciphers[i]));
    OPENSSL_free(crypto->aes);
}

/* Nobody uses the object any more, so everything has been given back. */
static void drop_kept(struct env_crypto *crypto)
{
    for (size_t i = 0; crypto->kept != NULL && i < ENV_THREAD_NUMBERS; i++) {
        _Atomic(void *) *things = crypto->kept->places[i].things;

        env_hmac_free(atomic_load(&things[ENV_KEPT_HMAC_SHA384]));
        env_hmac_free(atomic_load(&things[ENV_KEPT_HMAC_SHA256]));
        EVP_CIPHER_CTX_free(atomic_load(&things[ENV_KEPT_GCM]));
        EVP_CIPHER_CTX_free(atomic_load(&things[ENV_KEPT_EMPTY_GCM]));
        EVP_CIPHER_CTX_free(atomic_load(&things[ENV_KEPT_EMPTY_AES]));
        env_ahead_free(atomic_load(&things[ENV_KEPT_RANDOM]));
        env_ahead_free(atomic_load(&things[ENV_KEPT_RANDOM_KEYS]));
    }
    OPENSSL_free(crypto->kept);
}

void env_crypto_free(struct env_crypto *crypto)
{
    if (crypto == NULL)
        return;
    drop_kept(crypto);
    drop_fetched(crypto);
    drop_aes(crypto);
    CRYPTO_THREAD_lock_free(crypto->lock);
    OPENSSL_free(crypto->propquery);
    OPENSSL_free(crypto);
}

/* Replaces the key in a cached context. */
static const uint8_t no_key[32];

static bool fetch_all(struct env_crypto *crypto)
{
    crypto->gcm = EVP_CIPHER_fetch(crypto->libctx, "AES-256-GCM", crypto->propquery);
    return crypto->gcm != NULL && env_hmac_fetch(&crypto->hmac, crypto->libctx, crypto->propquery);
}

ENV_RESULT env_crypto_ready(struct env_crypto *crypto)
{
    bool ready;

    if (atomic_load_explicit(&crypto->ready, memory_order_acquire))
        return ENV_OK;
    env_fork_gate_enter();
    if (!CRYPTO_THREAD_write_lock(crypto->lock)) {
        env_fork_gate_leave();
        return ENV_FAIL(ENV_R_INTERNAL);
    }
    ready = atomic_load(&crypto->ready) || fetch_all(crypto);
    if (ready)
        atomic_store_explicit(&crypto->ready, true, memory_order_release);
    else
        drop_fetched(crypto); /* a provider that is activated later may offer it */
    CRYPTO_THREAD_unlock(crypto->lock);
    env_fork_gate_leave();
    return ready ? ENV_OK : ENV_FAIL(ENV_R_NO_AES_GCM);
}

OSSL_LIB_CTX *env_crypto_libctx(const struct env_crypto *crypto)
{
    return crypto->libctx;
}

struct env_kept *env_crypto_kept(const struct env_crypto *crypto)
{
    return crypto->kept;
}

struct env_aes_fetched *env_crypto_aes(const struct env_crypto *crypto)
{
    return crypto->aes;
}

const char *env_crypto_propquery(const struct env_crypto *crypto)
{
    return crypto->propquery;
}

/* ---- AES-256-GCM ---- */

EVP_CIPHER_CTX *env_gcm_take(const struct env_crypto *crypto)
{
    EVP_CIPHER_CTX *gcm = env_kept_take(crypto->kept, ENV_KEPT_GCM);

    return gcm != NULL ? gcm : EVP_CIPHER_CTX_new();
}

ENV_RESULT env_gcm_init(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm, const uint8_t *key,
                        const uint8_t *iv, bool sealing, const OSSL_PARAM *params)
{
    /* setting the cipher again would rebuild its context */
    const EVP_CIPHER *cipher =
        key != NULL && EVP_CIPHER_CTX_get0_cipher(gcm) == NULL ? crypto->gcm : NULL;

    return EVP_CipherInit_ex2(gcm, cipher, key, iv, sealing ? 1 : 0, params) == 1
               ? ENV_OK
               : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

/* A context that never had a key has no cipher: it is not worth keeping. */
void env_gcm_give(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm)
{
    if (gcm != NULL && EVP_CIPHER_CTX_get0_cipher(gcm) != NULL &&
        env_ok(env_gcm_init(crypto, gcm, no_key, NULL, true, NULL)))
        gcm = env_kept_give(crypto->kept, ENV_KEPT_GCM, gcm);
    EVP_CIPHER_CTX_free(gcm);
}

/* ---- HMAC ---- */

ENV_RESULT env_hmac_sha256(const struct env_crypto *crypto, struct env_span key,
                           struct env_span data, uint8_t mac[32])
{
    struct env_hmac *hmac = env_hmac_take(&crypto->hmac, crypto->kept, ENV_HMAC_SHA256);
    bool ok;

    if (hmac == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    ok = env_hmac_set_key(hmac, key) && env_hmac_run(hmac, &data, 1, true, mac);
    env_hmac_give(crypto->kept, hmac);
    return ok ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

/* ---- SHA-256 ---- */

ENV_RESULT env_sha256(const struct env_crypto *crypto, struct env_span data, uint8_t hash[32])
{
    size_t len = 0;

    return EVP_Q_digest(crypto->libctx, "SHA2-256", crypto->propquery, data.data, data.len, hash,
                        &len) == 1 &&
                   len == 32
               ? ENV_OK
               : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

/* ---- HKDF-Expand ---- */

ENV_RESULT env_prk_set(struct env_prk *prk, const struct env_crypto *crypto, struct env_span key)
{
    if (prk->hmac != NULL && env_hmac_has_failed(prk->hmac))
        env_prk_clear(prk);
    prk->crypto = crypto;
    if (prk->hmac == NULL)
        prk->hmac = env_hmac_take(&crypto->hmac, crypto->kept, ENV_HMAC_SHA384);
    if (prk->hmac == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    return env_hmac_set_key(prk->hmac, key) ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

void env_prk_clear(struct env_prk *prk)
{
    if (prk->hmac != NULL)
        env_hmac_give(prk->crypto->kept, prk->hmac);
    *prk = (struct env_prk){0};
}

#define INFO_SPANS_MAX 8u

static ENV_RESULT expand(struct env_prk *prk, const struct env_span *info, size_t info_count,
                         bool last, uint8_t *out, size_t out_len)
{
    struct env_span data[INFO_SPANS_MAX + 2];
    uint8_t block[SHA384_LEN];
    uint8_t number = 0;
    bool ok = true;

    if (prk->hmac == NULL || !env_hmac_has_key(prk->hmac) || out_len > ENV_HKDF_MAX ||
        info_count > INFO_SPANS_MAX)
        return ENV_FAIL(ENV_R_INTERNAL);
    data[0] = (struct env_span){block, 0}; /* the previous block */
    if (info_count > 0)
        memcpy(data + 1, info, info_count * sizeof(*info));
    data[info_count + 1] = (struct env_span){&number, 1};
    while (ok) {
        size_t len = out_len < sizeof(block) ? out_len : sizeof(block);

        number++;
        ok = env_hmac_run(prk->hmac, data, info_count + 2, last && len == out_len, block);
        if (ok)
            memcpy(out, block, len);
        out += len;
        out_len -= len;
        if (out_len == 0)
            break;
        data[0].len = sizeof(block);
        env_hmac_hashes_secrets(prk->hmac);
    }
    OPENSSL_cleanse(block, sizeof(block));
    return ok ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

ENV_RESULT env_prk_expand(struct env_prk *prk, const struct env_span *info, size_t info_count,
                          uint8_t *out, size_t out_len)
{
    return expand(prk, info, info_count, false, out, out_len);
}

ENV_RESULT env_prk_expand_last(struct env_prk *prk, const struct env_span *info, size_t info_count,
                               uint8_t *out, size_t out_len)
{
    return expand(prk, info, info_count, true, out, out_len);
}

ENV_RESULT env_hkdf_expand(const struct env_crypto *crypto, struct env_span key,
                           const struct env_span *info, size_t info_count, uint8_t *out,
                           size_t out_len)
{
    struct env_prk prk = {0};
    ENV_RESULT r = env_prk_set(&prk, crypto, key);

    if (env_ok(r))
        r = env_prk_expand_last(&prk, info, info_count, out, out_len);
    env_prk_clear(&prk);
    return r;
}
