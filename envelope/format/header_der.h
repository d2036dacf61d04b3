/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header's DER, by libcrypto's ASN.1 templates, which define what is valid. Used by header.c,
 * and by header_template.c, which has shortcuts with the same results.
 */
#ifndef ENVELOPE_HEADER_DER_H
#define ENVELOPE_HEADER_DER_H

#include "envelope/base/result.h"
#include "envelope/format/crypto.h"
#include "envelope/format/header_types.h"

/* Works like env_header_decode. */
ENV_RESULT env_header_der_read(struct env_span der, struct env_header *out);

/* The header with zeros in place of its MAC at the end. *der is freed with OPENSSL_free. */
ENV_RESULT env_header_der_write(const struct env_header *header, uint8_t **der, size_t *der_len);

#endif
