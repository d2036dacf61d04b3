/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC (RFC 2104) with SHA-256 and SHA-384, in contexts that are kept from one use to the next and
 * have no key then. crypto.h has what the rest of the format calls.
 *
 * Where HMAC and the digest are both those of OpenSSL's default provider, HMAC is composed of its
 * two digests: libcrypto's own copies three contexts for each key and two for each MAC, and can
 * only be made to forget a key by another key, which is hashed. Any other provider's HMAC, the fips
 * provider's above all, is used as it is.
 */
#ifndef ENVELOPE_HMAC_H
#define ENVELOPE_HMAC_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "envelope/format/span.h"

struct env_kept;

enum env_hmac_digest { ENV_HMAC_SHA256, ENV_HMAC_SHA384, ENV_HMAC_DIGESTS };

#define ENV_HMAC_MAX 48u /* bytes of the longest MAC */

/* What it is made of, fetched once. */
struct env_hmac_fetched {
    EVP_MAC *mac;
    EVP_MAC_CTX *templates[ENV_HMAC_DIGESTS]; /* with their digest set, to be copied */
    bool restarts; /* EVP_MAC_init without a key begins anew with the one that is there */
    EVP_MD *digests[ENV_HMAC_DIGESTS]; /* what it is composed of, or both NULL */
};

/* False: there is none; nothing is left then. */
bool env_hmac_fetch(struct env_hmac_fetched *fetched, OSSL_LIB_CTX *libctx, const char *propquery);
void env_hmac_drop(struct env_hmac_fetched *fetched);

struct env_hmac;

/* One that was kept, or a new one; NULL: no memory. It has no key. NULL may be given back. */
struct env_hmac *env_hmac_take(const struct env_hmac_fetched *fetched, struct env_kept *kept,
                               enum env_hmac_digest digest);
void env_hmac_give(struct env_kept *kept, struct env_hmac *hmac);
void env_hmac_free(struct env_hmac *hmac);

/* Sets the key, in place of another if there is one. */
bool env_hmac_set_key(struct env_hmac *hmac, struct env_span key);

/*
 * The MAC of the concatenation, whole, to out. The key stays for the next one, unless it is said
 * that this is the last, which saves copies. False as well where there is no key.
 */
bool env_hmac_run(struct env_hmac *hmac, const struct env_span *data, size_t count, bool last,
                  uint8_t *out);

/* Says that what the next ones are of is secret. */
void env_hmac_hashes_secrets(struct env_hmac *hmac);

bool env_hmac_has_key(const struct env_hmac *hmac);

/* After a failure it is of no use any more, but to be given back or freed. */
bool env_hmac_has_failed(const struct env_hmac *hmac);

#endif
