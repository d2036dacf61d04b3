/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the message format needs from libcrypto, fetched once: AES-256-GCM and HMAC (random.h has
 * the random bytes). Everything comes from a library context of our own (a child of the program's),
 * and never from this provider itself. Contexts are kept for the next use, without keys.
 */
#ifndef ENVELOPE_CRYPTO_H
#define ENVELOPE_CRYPTO_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope/base/result.h"
#include "envelope/format/span.h"

struct env_aes_fetched;
struct env_crypto;
struct env_hmac;
struct env_kept;

/*
 * libctx must outlive the object. propquery (may be NULL) restricts what is fetched, for example to
 * "fips=yes". Nothing is fetched before it is needed: when we are loaded, providers that
 * openssl.cnf lists after us do not exist yet.
 */
struct env_crypto *env_crypto_new(OSSL_LIB_CTX *libctx, const char *propquery);
void env_crypto_free(struct env_crypto *crypto);

/*
 * Fetches what is missing. Fails with NO_AES_GCM if no active provider offers it. Cheap if it was
 * done before.
 */
ENV_RESULT env_crypto_ready(struct env_crypto *crypto);

/* The functions below require that env_crypto_ready has succeeded. */

/* A context for AES-256-GCM, or NULL: no memory. It must be given back; that accepts NULL. */
EVP_CIPHER_CTX *env_gcm_take(const struct env_crypto *crypto);
void env_gcm_give(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm);

/* Begins with an IV and a key; NULL: keep the present key. */
ENV_RESULT env_gcm_init(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm, const uint8_t *key,
                        const uint8_t *iv, bool sealing, const OSSL_PARAM *params);

/* A key from which others are expanded, set once for any number of them. All zeros: no key. */
struct env_prk {
    const struct env_crypto *crypto;
    struct env_hmac *hmac;
};

/* Sets the key, replacing any other. Must be cleared in the end, also after a failure. */
ENV_RESULT env_prk_set(struct env_prk *prk, const struct env_crypto *crypto, struct env_span key);
void env_prk_clear(struct env_prk *prk);

#define ENV_HKDF_MAX 96u

/*
 * HKDF-Expand as below, with the key that was set. With `last` the key is gone afterwards, which
 * costs less.
 */
ENV_RESULT env_prk_expand(struct env_prk *prk, const struct env_span *info, size_t info_count,
                          uint8_t *out, size_t out_len);
ENV_RESULT env_prk_expand_last(struct env_prk *prk, const struct env_span *info, size_t info_count,
                               uint8_t *out, size_t out_len);

/*
 * HKDF-Expand with SHA-384 (RFC 5869 section 2.3), for at most ENV_HKDF_MAX bytes, two blocks. The
 * first, of 48 bytes, is HMAC(prk, info || 0x01). EVP_KDF is not used: OpenSSL 3.0 limits its info
 * to 2 KiB, and FLOE's ends with up to 4 KiB of associated data. info is the concatenation of the
 * spans.
 */
ENV_RESULT env_hkdf_expand(const struct env_crypto *crypto, struct env_span prk,
                           const struct env_span *info, size_t info_count, uint8_t *out,
                           size_t out_len);

/* HMAC-SHA-256 (RFC 2104): writes 32 bytes to mac. */
ENV_RESULT env_hmac_sha256(const struct env_crypto *crypto, struct env_span key,
                           struct env_span data, uint8_t mac[32]);

/* SHA-256, for what is not on the path of messages: it is fetched each time. */
ENV_RESULT env_sha256(const struct env_crypto *crypto, struct env_span data, uint8_t hash[32]);

/* For random.c: where it draws from, and where it keeps what was drawn. */
OSSL_LIB_CTX *env_crypto_libctx(const struct env_crypto *crypto);
struct env_kept *env_crypto_kept(const struct env_crypto *crypto);

/* For aes.c: what it has fetched, and with which query (NULL: none). */
struct env_aes_fetched *env_crypto_aes(const struct env_crypto *crypto);
const char *env_crypto_propquery(const struct env_crypto *crypto);

#endif
