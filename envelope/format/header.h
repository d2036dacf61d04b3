/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a message: a CMS AuthEnvelopedData (RFC 5083) without encryptedContent, in a
 * ContentInfo (RFC 5652). docs/FORMAT.md describes every byte. Reading and writing stand here
 * together; neither touches a KEK.
 */
#ifndef ENVELOPE_HEADER_H
#define ENVELOPE_HEADER_H

#include "envelope/format/crypto.h"
#include "envelope/message/kek.h"

#define ENV_HEADER_MAX (16u * 1024u) /* longest header that is read */
#define ENV_HEADER_PEEK 32u          /* bytes that env_header_length needs */
#define ENV_HEADER_MAC_LEN 32u

enum env_content {
    ENV_CONTENT_MESSAGE,    /* a FLOE body follows */
    ENV_CONTENT_SEALED_KEY, /* nothing follows */
};

struct env_recipient {
    struct env_kek_id id;
    struct env_wrapped wrapped;
};

struct env_header {
    enum env_content content;
    size_t count; /* recipients, 1 to ENV_KEK_RECIPIENTS_MAX */
    struct env_recipient recipients[ENV_KEK_RECIPIENTS_MAX];
};

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

/*
 * Writes the header for these recipients, with its MAC under dek. *der is the caller's to free with
 * OPENSSL_free.
 */
ENV_RESULT env_header_encode(const struct env_crypto *crypto, const struct env_header *header,
                             const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len);

/* Checks the MAC of a decoded header under dek, in constant time: NOT_AUTHENTIC. */
ENV_RESULT env_header_verify(const struct env_crypto *crypto, struct env_span der,
                             const uint8_t dek[ENV_DEK_LEN]);

#endif
