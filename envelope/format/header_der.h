/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header's DER, by libcrypto's ASN.1 templates: what it may be is decided here. For header.c,
 * and for header_template.c, which takes short cuts to the same.
 */
#ifndef ENVELOPE_HEADER_DER_H
#define ENVELOPE_HEADER_DER_H

#include "envelope/base/result.h"
#include "envelope/format/crypto.h"
#include "envelope/format/header_types.h"

/* As env_header_decode. */
ENV_RESULT env_header_der_read(struct env_span der, struct env_header *out);

/* The header without its MAC, whose bytes at the end are zero. *der is freed with OPENSSL_free. */
ENV_RESULT env_header_der_write(const struct env_header *header, uint8_t **der, size_t *der_len);

#endif
