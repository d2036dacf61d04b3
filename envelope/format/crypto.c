/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>

#include "envelope/base/fork_gate.h"

#define SHA384_LEN 48u

struct env_crypto {
    OSSL_LIB_CTX *libctx;
    char *propquery;
    CRYPTO_RWLOCK *lock; /* guards the fetching alone */
    atomic_bool ready;
    EVP_CIPHER *gcm;
    EVP_MAC *hmac;
    /* HMAC contexts with their digest set: a copy of one is cheaper than a fetch for each use. */
    EVP_MAC_CTX *hmac_sha384;
    EVP_MAC_CTX *hmac_sha256;
};

struct env_crypto *env_crypto_new(OSSL_LIB_CTX *libctx, const char *propquery)
{
    struct env_crypto *crypto = OPENSSL_zalloc(sizeof(*crypto));

    if (crypto == NULL)
        return NULL;
    crypto->libctx = libctx;
    crypto->lock = CRYPTO_THREAD_lock_new();
    if (propquery != NULL)
        crypto->propquery = OPENSSL_strdup(propquery);
    if (crypto->lock == NULL || (propquery != NULL && crypto->propquery == NULL)) {
        env_crypto_free(crypto);
        return NULL;
    }
    return crypto;
}

static void drop_fetched(struct env_crypto *crypto)
{
    EVP_MAC_CTX_free(crypto->hmac_sha384);
    EVP_MAC_CTX_free(crypto->hmac_sha256);
    EVP_MAC_free(crypto->hmac);
    EVP_CIPHER_free(crypto->gcm);
    crypto->hmac_sha384 = NULL;
    crypto->hmac_sha256 = NULL;
    crypto->hmac = NULL;
    crypto->gcm = NULL;
}

void env_crypto_free(struct env_crypto *crypto)
{
    if (crypto == NULL)
        return;
    drop_fetched(crypto);
    CRYPTO_THREAD_lock_free(crypto->lock);
    OPENSSL_free(crypto->propquery);
    OPENSSL_free(crypto);
}

static EVP_MAC_CTX *hmac_with(const struct env_crypto *crypto, const char *digest)
{
    char name[16];
    OSSL_PARAM params[3];
    size_t n = 0;
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(crypto->hmac);

    OPENSSL_strlcpy(name, digest, sizeof(name));
    params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
    if (crypto->propquery != NULL)
        params[n++] =
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_PROPERTIES, crypto->propquery, 0);
    params[n] = OSSL_PARAM_construct_end();
    if (ctx != NULL && !EVP_MAC_CTX_set_params(ctx, params)) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static bool fetch_all(struct env_crypto *crypto)
{
    crypto->gcm = EVP_CIPHER_fetch(crypto->libctx, "AES-256-GCM", crypto->propquery);
    crypto->hmac = EVP_MAC_fetch(crypto->libctx, "HMAC", crypto->propquery);
    if (crypto->gcm == NULL || crypto->hmac == NULL)
        return false;
    crypto->hmac_sha384 = hmac_with(crypto, "SHA2-384");
    crypto->hmac_sha256 = hmac_with(crypto, "SHA2-256");
    return crypto->hmac_sha384 != NULL && crypto->hmac_sha256 != NULL;
}

ENV_RESULT env_crypto_ready(struct env_crypto *crypto)
{
    bool ready;

    if (atomic_load_explicit(&crypto->ready, memory_order_acquire))
        return ENV_OK;
    env_gate_enter();
    if (!CRYPTO_THREAD_write_lock(crypto->lock)) {
        env_gate_leave();
        return ENV_FAIL(ENV_R_INTERNAL);
    }
    ready = atomic_load(&crypto->ready) || fetch_all(crypto);
    if (ready)
        atomic_store_explicit(&crypto->ready, true, memory_order_release);
    else
        drop_fetched(crypto); /* a provider that is activated later may still bring it */
    CRYPTO_THREAD_unlock(crypto->lock);
    env_gate_leave();
    return ready ? ENV_OK : ENV_FAIL(ENV_R_NO_AES_GCM);
}

EVP_CIPHER *env_crypto_gcm(const struct env_crypto *crypto)
{
    return crypto->gcm;
}

static ENV_RESULT hmac(const EVP_MAC_CTX *with_digest, struct env_span key,
                       const struct env_span *data, size_t data_count, uint8_t *out, size_t out_len)
{
    size_t written = 0;
    bool ok;
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(with_digest);

    if (ctx == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    ok = EVP_MAC_init(ctx, key.data, key.len, NULL) == 1;
    for (size_t i = 0; ok && i < data_count; i++)
        ok = data[i].len == 0 || EVP_MAC_update(ctx, data[i].data, data[i].len) == 1;
    ok = ok && EVP_MAC_final(ctx, out, &written, out_len) == 1 && written == out_len;
    EVP_MAC_CTX_free(ctx);
    return ok ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

#define INFO_SPANS_MAX 8u

ENV_RESULT env_hkdf_expand(const struct env_crypto *crypto, struct env_span prk,
                           const struct env_span *info, size_t info_count, uint8_t *out,
                           size_t out_len)
{
    static const uint8_t block_number = 1;
    struct env_span data[INFO_SPANS_MAX + 1];
    uint8_t block[SHA384_LEN];
    ENV_RESULT r;

    if (out_len > sizeof(block) || info_count > INFO_SPANS_MAX)
        return ENV_FAIL(ENV_R_INTERNAL);
    if (info_count > 0)
        memcpy(data, info, info_count * sizeof(*info));
    data[info_count] = (struct env_span){&block_number, 1};
    r = hmac(crypto->hmac_sha384, prk, data, info_count + 1, block, sizeof(block));
    if (env_ok(r))
        memcpy(out, block, out_len);
    OPENSSL_cleanse(block, sizeof(block));
    return r;
}

ENV_RESULT env_hmac_sha256(const struct env_crypto *crypto, struct env_span key,
                           struct env_span data, uint8_t mac[32])
{
    return hmac(crypto->hmac_sha256, key, &data, 1, mac, 32);
}

static atomic_bool random_ended;

void env_random_ends(void)
{
    atomic_store(&random_ended, true);
}

/* Through the gate: when it seeds a generator, libcrypto has a lock that a child would need. */
static ENV_RESULT draw(int (*random_bytes)(OSSL_LIB_CTX *, unsigned char *, size_t, unsigned),
                       const struct env_crypto *crypto, uint8_t *out, size_t len)
{
    bool ok;

    env_gate_enter();
    ok = !atomic_load(&random_ended) && random_bytes(crypto->libctx, out, len, 0) == 1;
    env_gate_leave();
    return ok ? ENV_OK : ENV_FAIL(ENV_R_RANDOM_FAILED);
}

ENV_RESULT env_random_private(const struct env_crypto *crypto, uint8_t *out, size_t len)
{
    return draw(RAND_priv_bytes_ex, crypto, out, len);
}

ENV_RESULT env_random_public(const struct env_crypto *crypto, uint8_t *out, size_t len)
{
    return draw(RAND_bytes_ex, crypto, out, len);
}
