/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a message: a CMS AuthEnvelopedData (RFC 5083) without encryptedContent, in a
 * ContentInfo (RFC 5652). docs/FORMAT.md describes every byte. Neither reading nor writing touches
 * a KEK.
 */
#ifndef ENVELOPE_HEADER_H
#define ENVELOPE_HEADER_H

#include "envelope/format/crypto.h"
#include "envelope/format/header_types.h"

#define ENV_HEADER_PEEK 32u /* bytes that env_header_length needs */

/*
 * Says from its first bytes how long a header is. peek holds the first ENV_HEADER_PEEK bytes of the
 * input, or all of it when there are fewer. NOT_A_MESSAGE when they begin no AuthEnvelopedData,
 * HEADER_TOO_LONG, TRUNCATED when they are too few to tell.
 */
ENV_RESULT env_header_length(struct env_span peek, size_t *len);

/*
 * Parses one header. Strict: DER only, nothing optional that the format does not have, known
 * algorithms alone. The MAC is not looked at (there is no DEK yet).
 */
ENV_RESULT env_header_decode(struct env_span der, struct env_header *out);

/* The most recipients that so many bytes of DER can have, which is what decoding needs room for. */
size_t env_header_most_recipients(size_t der_len);

/* Room for so many recipients (1 to ENV_KEK_RECIPIENTS_MAX), for OPENSSL_free. NULL: no memory. */
struct env_header *env_header_new(size_t recipients);

/*
 * The same for one that is needed for a moment: from pages that are kept, since libcrypto's malloc
 * puts its lists in order for every piece of that size. Given back with the same number.
 */
struct env_header *env_header_take(size_t recipients);
void env_header_give(struct env_header *header, size_t recipients);

/*
 * Writes the header for these recipients, with its MAC under dek. *der is the caller's to free with
 * OPENSSL_free.
 */
ENV_RESULT env_header_encode(const struct env_crypto *crypto, const struct env_header *header,
                             const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len);

/* Checks the MAC of a decoded header under dek, in constant time: NOT_AUTHENTIC. */
ENV_RESULT env_header_verify(const struct env_crypto *crypto, struct env_span der,
                             const uint8_t dek[ENV_DEK_LEN]);

/* Both with a DEK that is set already, since more is expanded from it. */
ENV_RESULT env_header_encode_under(struct env_prk *dek, const struct env_header *header,
                                   uint8_t **der, size_t *der_len);
ENV_RESULT env_header_verify_under(struct env_prk *dek, struct env_span der);

#endif
