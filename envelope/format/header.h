/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a message: a CMS AuthEnvelopedData (RFC 5083) without encryptedContent, in a
 * ContentInfo (RFC 5652). docs/FORMAT.md describes every byte. Reading and writing it involve no
 * KEK.
 */
#ifndef ENVELOPE_HEADER_H
#define ENVELOPE_HEADER_H

#include "envelope/format/crypto.h"
#include "envelope/format/header_types.h"

#define ENV_HEADER_PEEK 32u /* bytes that env_header_length needs */

/*
 * Determines from the first bytes how long a header is. peek must hold the first ENV_HEADER_PEEK
 * bytes of the input, or all of it if it is shorter. Fails with NOT_A_MESSAGE if they do not begin
 * an AuthEnvelopedData, HEADER_TOO_LONG, or TRUNCATED if they are too few to tell.
 */
ENV_RESULT env_header_length(struct env_span peek, size_t *len);

/*
 * Parses one header. Strict: only DER, no optional parts that the format does not have, only known
 * algorithms. The MAC is not checked (there is no DEK yet).
 */
ENV_RESULT env_header_decode(struct env_span der, struct env_header *out);

/* The most recipients that this many bytes of DER can contain: decoding needs room for them. */
size_t env_header_most_recipients(size_t der_len);

/*
 * Room for this many recipients (1 to ENV_KEK_RECIPIENTS_MAX), freed with OPENSSL_free. NULL: no
 * memory.
 */
struct env_header *env_header_new(size_t recipients);

/*
 * The same for temporary use, from pages that are kept: libcrypto's malloc would consolidate its
 * free lists for every allocation of that size. Must be given back with the same number.
 */
struct env_header *env_header_take(size_t recipients);
void env_header_give(struct env_header *header, size_t recipients);

/*
 * Writes the header for these recipients, with its MAC under dek. *der is freed with OPENSSL_free.
 */
ENV_RESULT env_header_encode(const struct env_crypto *crypto, const struct env_header *header,
                             const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len);

/* Checks the MAC of a decoded header under dek, in constant time. Fails with NOT_AUTHENTIC. */
ENV_RESULT env_header_verify(const struct env_crypto *crypto, struct env_span der,
                             const uint8_t dek[ENV_DEK_LEN]);

/* Both with a DEK that is set already, because more is expanded from it. */
ENV_RESULT env_header_encode_under(struct env_prk *dek, const struct env_header *header,
                                   uint8_t **der, size_t *der_len);
ENV_RESULT env_header_verify_under(struct env_prk *dek, struct env_span der);

#endif
