/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/hmac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <string.h>

#include "envelope/format/kept.h"

#define BLOCK_MAX 128u
#define JOINED_MAX 256u /* bytes to feed in one call: a call costs more than copying them */
#define INNER_PAD 0x36u
#define OUTER_PAD 0x5Cu

static const struct digest {
    const char *name;
    size_t block;
    size_t len;
    enum env_kept_kind kept;
} digests[ENV_HMAC_DIGESTS] = {
    [ENV_HMAC_SHA256] = {"SHA2-256", 64, 32, ENV_KEPT_HMAC_SHA256},
    [ENV_HMAC_SHA384] = {"SHA2-384", 128, 48, ENV_KEPT_HMAC_SHA384},
};

struct env_hmac {
    const struct digest *digest;
    bool restarts;
    EVP_MAC_CTX *mac; /* libcrypto's HMAC; or NULL, and it is composed of these: */
    EVP_MD_CTX *inner;
    EVP_MD_CTX *outer;
    EVP_MD_CTX *work; /* a copy of one of them */
    bool has_key;
    bool used;    /* since the key was set */
    bool fresh;   /* inner and outer have begun, and hashed nothing yet */
    bool copied;  /* to work, since that was wiped */
    bool secrets; /* secrets besides the key were hashed */
    bool failed;
};

/* ---- what is fetched ---- */

static EVP_MAC_CTX *new_template(EVP_MAC *mac, const char *digest, const char *propquery)
{
    char name[16];
    OSSL_PARAM params[3];
    size_t n = 0;
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

    OPENSSL_strlcpy(name, digest, sizeof(name));
    params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
    if (propquery != NULL)
        params[n++] =
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_PROPERTIES, (char *)propquery, 0);
    params[n] = OSSL_PARAM_construct_end();
    if (ctx != NULL && !EVP_MAC_CTX_set_params(ctx, params)) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

/* Replaces the key in a cached context: nothing else is known to remove it. */
static const uint8_t no_key[32];

/*
 * In OpenSSL 3.0.0 to 3.0.2, and in their fips provider, it does nothing but reports success
 * (openssl/openssl#17811).
 */
static bool restarts(const EVP_MAC_CTX *template)
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(template);
    uint8_t first[ENV_HMAC_MAX];
    uint8_t second[ENV_HMAC_MAX];
    size_t len = 0;
    bool same = ctx != NULL && EVP_MAC_init(ctx, no_key, sizeof(no_key), NULL) == 1 &&
                EVP_MAC_final(ctx, first, &len, sizeof(first)) == 1 &&
                EVP_MAC_init(ctx, NULL, 0, NULL) == 1 &&
                EVP_MAC_final(ctx, second, &len, sizeof(second)) == 1 && len == sizeof(second) &&
                memcmp(first, second, sizeof(first)) == 0;

    EVP_MAC_CTX_free(ctx);
    return same;
}

static bool is_default(const EVP_MAC *mac, const EVP_MD *md)
{
    const OSSL_PROVIDER *provider = EVP_MAC_get0_provider(mac);

    return md != NULL && EVP_MD_get0_provider(md) == provider &&
           strcmp(OSSL_PROVIDER_get0_name(provider), "default") == 0;
}

static void drop_digests(struct env_hmac_fetched *fetched)
{
    for (size_t i = 0; i < ENV_HMAC_DIGESTS; i++) {
        EVP_MD_free(fetched->digests[i]);
        fetched->digests[i] = NULL;
    }
}

static void fetch_digests(struct env_hmac_fetched *fetched, OSSL_LIB_CTX *libctx,
                          const char *propquery)
{
    for (size_t i = 0; i < ENV_HMAC_DIGESTS; i++) {
        fetched->digests[i] = EVP_MD_fetch(libctx, digests[i].name, propquery);
        if (!is_default(fetched->mac, fetched->digests[i])) {
            drop_digests(fetched);
            return;
        }
    }
}

bool env_hmac_fetch(struct env_hmac_fetched *fetched, OSSL_LIB_CTX *libctx, const char *propquery)
{
    fetched->mac = EVP_MAC_fetch(libctx, "HMAC", propquery);
    for (size_t i = 0; fetched->mac != NULL && i < ENV_HMAC_DIGESTS; i++) {
        fetched->templates[i] = new_template(fetched->mac, digests[i].name, propquery);
        if (fetched->templates[i] == NULL) {
            env_hmac_drop(fetched);
            return false;
        }
    }
    if (fetched->mac == NULL)
        return false;
    fetched->restarts = restarts(fetched->templates[ENV_HMAC_SHA384]);
    fetch_digests(fetched, libctx, propquery);
    return true;
}

void env_hmac_drop(struct env_hmac_fetched *fetched)
{
    for (size_t i = 0; i < ENV_HMAC_DIGESTS; i++)
        EVP_MAC_CTX_free(fetched->templates[i]);
    EVP_MAC_free(fetched->mac);
    drop_digests(fetched);
    *fetched = (struct env_hmac_fetched){0};
}

/* ---- contexts ---- */

static EVP_MD_CTX *new_digest(const EVP_MD *md)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1)
        return ctx;
    EVP_MD_CTX_free(ctx);
    return NULL;
}

static struct env_hmac *new_hmac(const struct env_hmac_fetched *fetched, enum env_hmac_digest which)
{
    const EVP_MD *md = fetched->digests[which];
    struct env_hmac *hmac = OPENSSL_zalloc(sizeof(*hmac));
    bool whole;

    if (hmac == NULL)
        return NULL;
    hmac->digest = &digests[which];
    hmac->restarts = fetched->restarts;
    if (md != NULL) {
        hmac->inner = new_digest(md);
        hmac->outer = new_digest(md);
        hmac->work = new_digest(md);
        whole = hmac->inner != NULL && hmac->outer != NULL && hmac->work != NULL;
        hmac->fresh = true;
    } else {
        hmac->mac = EVP_MAC_CTX_dup(fetched->templates[which]);
        whole = hmac->mac != NULL;
    }
    if (whole)
        return hmac;
    env_hmac_free(hmac);
    return NULL;
}

struct env_hmac *env_hmac_take(const struct env_hmac_fetched *fetched, struct env_kept *kept,
                               enum env_hmac_digest digest)
{
    struct env_hmac *hmac = env_kept_take(kept, digests[digest].kept);

    return hmac != NULL ? hmac : new_hmac(fetched, digest);
}

void env_hmac_free(struct env_hmac *hmac)
{
    if (hmac == NULL)
        return;
    EVP_MAC_CTX_free(hmac->mac);
    EVP_MD_CTX_free(hmac->inner);
    EVP_MD_CTX_free(hmac->outer);
    EVP_MD_CTX_free(hmac->work);
    OPENSSL_free(hmac);
}

static bool restart(EVP_MD_CTX *ctx)
{
    return EVP_DigestInit_ex2(ctx, NULL, NULL) == 1;
}

/*
 * Beginning again removes a digest's state. The last input may stay in its buffer (3.0 frees that,
 * 3.5 does not). Either it is not secret, or an inner hash, which reveals nothing without the key;
 * or it is overwritten with other bytes.
 */
static bool wipe_digest(const struct env_hmac *hmac, EVP_MD_CTX *ctx)
{
    static const uint8_t zeros[BLOCK_MAX];

    if (hmac->secrets &&
        !(restart(ctx) && EVP_DigestUpdate(ctx, zeros, hmac->digest->block - 1) == 1))
        return false;
    return restart(ctx);
}

static bool wipe(struct env_hmac *hmac)
{
    bool ok;

    if (hmac->mac != NULL)
        ok = EVP_MAC_init(hmac->mac, no_key, sizeof(no_key), NULL) == 1;
    else
        ok = hmac->fresh || (wipe_digest(hmac, hmac->inner) && wipe_digest(hmac, hmac->outer));
    if (ok && hmac->copied)
        ok = wipe_digest(hmac, hmac->work);
    hmac->fresh = true;
    hmac->has_key = false;
    hmac->copied = false;
    hmac->secrets = false;
    return ok;
}

/*
 * A context that failed is never used again: when memory runs out, libcrypto 3.5 leaves the digest
 * of an HMAC context without its state, and the next init dereferences NULL.
 */
void env_hmac_give(struct env_kept *kept, struct env_hmac *hmac)
{
    if (hmac != NULL && !hmac->failed && wipe(hmac))
        hmac = env_kept_give(kept, hmac->digest->kept, hmac);
    env_hmac_free(hmac);
}

bool env_hmac_has_key(const struct env_hmac *hmac)
{
    return hmac->has_key && !hmac->failed;
}

bool env_hmac_has_failed(const struct env_hmac *hmac)
{
    return hmac->failed;
}

/* ---- keys ---- */

/* A key that is longer than a block is hashed first. */
static bool shorten_key(struct env_hmac *hmac, struct env_span key, uint8_t *out)
{
    hmac->copied = true; /* it must be wiped */
    hmac->secrets = true;
    return restart(hmac->work) && EVP_DigestUpdate(hmac->work, key.data, key.len) == 1 &&
           EVP_DigestFinal_ex(hmac->work, out, NULL) == 1;
}

static bool set_composed_key(struct env_hmac *hmac, struct env_span key)
{
    const size_t block = hmac->digest->block;
    uint8_t pad[BLOCK_MAX] = {0};
    bool ok = true;

    if (key.len > block)
        ok = shorten_key(hmac, key, pad);
    else if (key.len > 0)
        memcpy(pad, key.data, key.len);
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] ^= INNER_PAD;
    ok = ok && (hmac->fresh || (restart(hmac->inner) && restart(hmac->outer))) &&
         EVP_DigestUpdate(hmac->inner, pad, block) == 1;
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] ^= INNER_PAD ^ OUTER_PAD;
    ok = ok && EVP_DigestUpdate(hmac->outer, pad, block) == 1;
    hmac->fresh = false;
    OPENSSL_cleanse(pad, sizeof(pad));
    return ok;
}

bool env_hmac_set_key(struct env_hmac *hmac, struct env_span key)
{
    bool ok = !hmac->failed;

    if (hmac->mac != NULL)
        ok = ok && EVP_MAC_init(hmac->mac, key.data, key.len, NULL) == 1;
    else
        ok = ok && set_composed_key(hmac, key);
    hmac->has_key = ok;
    hmac->used = false;
    hmac->failed = !ok;
    return ok;
}

/* ---- MACs ---- */

/* Writes to mac, or otherwise to md. */
static bool feed(EVP_MAC_CTX *mac, EVP_MD_CTX *md, const uint8_t *data, size_t len)
{
    return len == 0 || (mac != NULL ? EVP_MAC_update(mac, data, len) == 1
                                    : EVP_DigestUpdate(md, data, len) == 1);
}

static bool feed_all(const struct env_hmac *hmac, EVP_MAC_CTX *mac, EVP_MD_CTX *md,
                     const struct env_span *data, size_t count)
{
    uint8_t joined[JOINED_MAX];
    size_t len = 0;
    bool ok = true;

    for (size_t i = 0; i < count; i++)
        len += data[i].len;
    if (count == 1 || len > sizeof(joined)) {
        for (size_t i = 0; i < count && ok; i++)
            ok = feed(mac, md, data[i].data, data[i].len);
        return ok;
    }
    len = 0;
    for (size_t i = 0; i < count; i++) {
        if (data[i].len > 0)
            memcpy(joined + len, data[i].data, data[i].len);
        len += data[i].len;
    }
    ok = feed(mac, md, joined, len);
    if (hmac->secrets)
        OPENSSL_cleanse(joined, len);
    return ok;
}

/* The context itself if it is not needed again, otherwise a copy; NULL: no memory. */
static EVP_MD_CTX *to_work_on(struct env_hmac *hmac, EVP_MD_CTX *ctx, bool last)
{
    if (last)
        return ctx;
    hmac->copied = true;
    return EVP_MD_CTX_copy_ex(hmac->work, ctx) == 1 ? hmac->work : NULL;
}

static bool run_composed(struct env_hmac *hmac, const struct env_span *data, size_t count,
                         bool last, uint8_t *out)
{
    EVP_MD_CTX *ctx = to_work_on(hmac, hmac->inner, last);
    uint8_t hash[ENV_HMAC_MAX];
    bool ok = ctx != NULL && feed_all(hmac, NULL, ctx, data, count) &&
              EVP_DigestFinal_ex(ctx, hash, NULL) == 1 &&
              (ctx = to_work_on(hmac, hmac->outer, last)) != NULL &&
              EVP_DigestUpdate(ctx, hash, hmac->digest->len) == 1 &&
              EVP_DigestFinal_ex(ctx, out, NULL) == 1;

    OPENSSL_cleanse(hash, sizeof(hash));
    return ok;
}

static bool finish_mac(const struct env_hmac *hmac, EVP_MAC_CTX *mac, const struct env_span *data,
                       size_t count, uint8_t *out)
{
    size_t written = 0;

    return feed_all(hmac, mac, NULL, data, count) &&
           EVP_MAC_final(mac, out, &written, hmac->digest->len) == 1 &&
           written == hmac->digest->len;
}

static bool run_mac(struct env_hmac *hmac, const struct env_span *data, size_t count, uint8_t *out)
{
    EVP_MAC_CTX *copy;
    bool ok;

    if (hmac->restarts)
        return (!hmac->used || EVP_MAC_init(hmac->mac, NULL, 0, NULL) == 1) &&
               finish_mac(hmac, hmac->mac, data, count, out);
    copy = EVP_MAC_CTX_dup(hmac->mac);
    ok = copy != NULL && finish_mac(hmac, copy, data, count, out);
    EVP_MAC_CTX_free(copy);
    return ok;
}

void env_hmac_hashes_secrets(struct env_hmac *hmac)
{
    hmac->secrets = true;
}

bool env_hmac_run(struct env_hmac *hmac, const struct env_span *data, size_t count, bool last,
                  uint8_t *out)
{
    if (!env_hmac_has_key(hmac))
        return false;
    hmac->failed = !(hmac->mac != NULL ? run_mac(hmac, data, count, out)
                                       : run_composed(hmac, data, count, last, out));
    hmac->used = true;
    hmac->has_key = !last;
    return !hmac->failed;
}
