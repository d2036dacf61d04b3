/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC (RFC 2104) with SHA-256 and SHA-384, in contexts that are kept for the next use, without a
 * key. The rest of the format calls it through crypto.h.
 *
 * If HMAC and the digest both come from OpenSSL's default provider, HMAC is composed of its two
 * digests. libcrypto's own HMAC copies three contexts for each key and two for each MAC, and only
 * forgets a key when it is given another one, which is then hashed. Any other provider's HMAC,
 * above all the fips provider's, is used as it is.
 */
#ifndef ENVELOPE_HMAC_H
#define ENVELOPE_HMAC_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "envelope/format/span.h"

struct env_kept;

enum env_hmac_digest { ENV_HMAC_SHA256, ENV_HMAC_SHA384, ENV_HMAC_DIGESTS };

#define ENV_HMAC_MAX 48u /* bytes of the longest MAC */

/* Its parts, fetched once. */
struct env_hmac_fetched {
    EVP_MAC *mac;
    EVP_MAC_CTX *templates[ENV_HMAC_DIGESTS]; /* with their digests set, to be copied */
    bool restarts; /* EVP_MAC_init without a key restarts with the present one */
    EVP_MD *digests[ENV_HMAC_DIGESTS]; /* what it is composed of, or both NULL */
};

/* False: no provider offers it; nothing is kept then. */
bool env_hmac_fetch(struct env_hmac_fetched *fetched, OSSL_LIB_CTX *libctx, const char *propquery);
void env_hmac_drop(struct env_hmac_fetched *fetched);

struct env_hmac;

/* A cached or a new context, without a key; NULL: no memory. Giving it back accepts NULL. */
struct env_hmac *env_hmac_take(const struct env_hmac_fetched *fetched, struct env_kept *kept,
                               enum env_hmac_digest digest);
void env_hmac_give(struct env_kept *kept, struct env_hmac *hmac);
void env_hmac_free(struct env_hmac *hmac);

/* Sets the key, replacing any other. */
bool env_hmac_set_key(struct env_hmac *hmac, struct env_span key);

/*
 * Writes the whole MAC of the concatenation to out. The key stays for the next MAC, unless `last`
 * is set, which saves copies. Also false if there is no key.
 */
bool env_hmac_run(struct env_hmac *hmac, const struct env_span *data, size_t count, bool last,
                  uint8_t *out);

/* Says that the next inputs are secret. */
void env_hmac_hashes_secrets(struct env_hmac *hmac);

bool env_hmac_has_key(const struct env_hmac *hmac);

/* After a failure it can only be given back or freed. */
bool env_hmac_has_failed(const struct env_hmac *hmac);

#endif
