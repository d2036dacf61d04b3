/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reference to a KEK, which is written in its place. As DER
 *
 *   SEQUENCE {
 *     magic  PrintableString,   -- "ENVELOPE KEK REFERENCE 1"
 *     uri    UTF8String }       -- pkcs11: (RFC 7512), without a PIN
 *
 * and as PEM with the label "ENVELOPE KEK REFERENCE".
 */
#ifndef ENVELOPE_KEK_REFERENCE_H
#define ENVELOPE_KEK_REFERENCE_H

#include "envelope/base/error.h"
#include "envelope/message/kek.h"

#define ENV_KEK_PEM_NAME "ENVELOPE KEK REFERENCE"
#define ENV_KEK_REFERENCE_MAX 2048u /* longest DER that is read */

/* *der is freed with OPENSSL_free. */
ENV_RESULT env_kek_reference_encode(const char *uri, uint8_t **der, size_t *der_len);

/* Whether these bytes begin like a reference, well-formed or not. */
bool env_kek_reference_is(const uint8_t *der, size_t len);

/* Strict: DER with nothing after it, and a UTF-8 URI without a PIN. Raises BAD_REFERENCE. */
ENV_RESULT env_kek_reference_decode(const struct env_errors *errors, const uint8_t *der, size_t len,
                                    char uri[ENV_KEK_URI]);

#endif
