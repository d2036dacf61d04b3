/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes one RecipientInfo of the header; only for header_der.c. */
#ifndef ENVELOPE_HEADER_RECIPIENT_H
#define ENVELOPE_HEADER_RECIPIENT_H

#include "envelope/base/result.h"
#include "envelope/format/header_asn1.h"
#include "envelope/format/header_types.h"

/* Fails with BAD_HEADER, UNSUPPORTED_RECIPIENT or OAEP_PARAMETERS. */
ENV_RESULT env_recipient_decode(const ENV_ASN1_RECIPIENT *recipient, struct env_recipient *out);

/* Appends it to the recipients. */
ENV_RESULT env_recipient_encode(const struct env_recipient *in,
                                STACK_OF(ENV_ASN1_RECIPIENT) * recipients);

bool env_asn1_integer_is(const ASN1_INTEGER *integer, int64_t wanted);

#endif
