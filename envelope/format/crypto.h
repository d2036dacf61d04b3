/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the message format needs of libcrypto, fetched once: AES-256-GCM and HMAC (random.h has the
 * random bytes). Everything comes from a library context of our own (a child of the program's) and
 * never from this provider itself. Contexts are kept from one use to the next; what is kept has no
 * key.
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
 * libctx must outlive the object; propquery (may be NULL) narrows what is fetched, "fips=yes" for
 * example. Nothing is fetched before it is needed: providers that openssl.cnf lists after us are
 * not there yet when we are loaded.
 */
struct env_crypto *env_crypto_new(OSSL_LIB_CTX *libctx, const char *propquery);
void env_crypto_free(struct env_crypto *crypto);

/* Fetches what is missing; NO_AES_GCM when no active provider has it. Cheap when done before. */
ENV_RESULT env_crypto_ready(struct env_crypto *crypto);

/* The functions below need env_crypto_ready to have succeeded. */

/* A context for AES-256-GCM, or NULL: no memory. It is given back; NULL may be. */
EVP_CIPHER_CTX *env_gcm_take(const struct env_crypto *crypto);
void env_gcm_give(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm);

/* Begins with an IV, and with the key that it has (key is NULL) or with another one. */
ENV_RESULT env_gcm_init(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm, const uint8_t *key,
                        const uint8_t *iv, bool sealing, const OSSL_PARAM *params);

/* A key that others are expanded from, set once for as many as are needed. Zeroed: there is none.
 */
struct env_prk {
    const struct env_crypto *crypto;
    struct env_hmac *hmac;
};

/* Sets the key, in place of another if there is one. Cleared in the end, also after a failure. */
ENV_RESULT env_prk_set(struct env_prk *prk, const struct env_crypto *crypto, struct env_span key);
void env_prk_clear(struct env_prk *prk);

#define ENV_HKDF_MAX 96u

/*
 * HKDF-Expand as below, under the key that was set. After the last one there is none, which costs
 * less.
 */
ENV_RESULT env_prk_expand(struct env_prk *prk, const struct env_span *info, size_t info_count,
                          uint8_t *out, size_t out_len);
ENV_RESULT env_prk_expand_last(struct env_prk *prk, const struct env_span *info, size_t info_count,
                               uint8_t *out, size_t out_len);

/*
 * HKDF-Expand with SHA-384 (RFC 5869 section 2.3) of at most ENV_HKDF_MAX bytes, two blocks. The
 * first, of 48, is HMAC(prk, info || 0x01). Not by EVP_KDF: OpenSSL 3.0 limits its info to 2 KiB,
 * and FLOE's ends in up to 4 KiB of associated data. info is the concatenation of the spans.
 */
ENV_RESULT env_hkdf_expand(const struct env_crypto *crypto, struct env_span prk,
                           const struct env_span *info, size_t info_count, uint8_t *out,
                           size_t out_len);

/* HMAC-SHA-256 (RFC 2104): 32 bytes to mac. */
ENV_RESULT env_hmac_sha256(const struct env_crypto *crypto, struct env_span key,
                           struct env_span data, uint8_t mac[32]);

/* SHA-256, for what is no message's: it is fetched anew each time. */
ENV_RESULT env_sha256(const struct env_crypto *crypto, struct env_span data, uint8_t hash[32]);

/* For random.c: where it draws, and where it keeps what it has drawn. */
OSSL_LIB_CTX *env_crypto_libctx(const struct env_crypto *crypto);
struct env_kept *env_crypto_kept(const struct env_crypto *crypto);

/* For aes.c: what it has fetched, and with which query (NULL: none). */
struct env_aes_fetched *env_crypto_aes(const struct env_crypto *crypto);
const char *env_crypto_propquery(const struct env_crypto *crypto);

#endif
