/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the message format needs of libcrypto, fetched once: AES-256-GCM, HMAC and random bytes.
 * Everything comes from a library context of our own (a child of the program's) and never from
 * this provider itself.
 */
#ifndef ENVELOPE_CRYPTO_H
#define ENVELOPE_CRYPTO_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope/base/result.h"

struct env_crypto;

struct env_span {
    const uint8_t *data;
    size_t len;
};

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

/* AES-256-GCM as fetched; the reference stays the object's. */
EVP_CIPHER *env_crypto_gcm(const struct env_crypto *crypto);

/*
 * HKDF-Expand with SHA-384 (RFC 5869 section 2.3) of at most one block, 48 bytes, which is
 * HMAC(prk, info || 0x01) cut to out_len. Not by EVP_KDF: OpenSSL 3.0 limits its info to 2 KiB, and
 * FLOE's ends in up to 4 KiB of associated data. info is the concatenation of the spans.
 */
ENV_RESULT env_hkdf_expand(const struct env_crypto *crypto, struct env_span prk,
                           const struct env_span *info, size_t info_count, uint8_t *out,
                           size_t out_len);

/* HMAC-SHA-256 (RFC 2104): 32 bytes to mac. */
ENV_RESULT env_hmac_sha256(const struct env_crypto *crypto, struct env_span key,
                           struct env_span data, uint8_t mac[32]);

/* Random bytes: private ones for keys, public ones for IVs (see RAND_bytes(3)). */
ENV_RESULT env_random_private(const struct env_crypto *crypto, uint8_t *out, size_t len);
ENV_RESULT env_random_public(const struct env_crypto *crypto, uint8_t *out, size_t len);

/*
 * libcrypto is about to be cleaned up: what asks for random bytes from then on fails. libcrypto
 * itself would crash, in the threads that go on while a process ends.
 */
void env_random_ends(void);

#endif
