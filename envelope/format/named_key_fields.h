/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converts single fields of a key file's structures to and from ASN.1. Reading returns true on
 * success.
 */
#ifndef ENVELOPE_NAMED_KEY_FIELDS_H
#define ENVELOPE_NAMED_KEY_FIELDS_H

#include "envelope/format/named_key.h"
#include "envelope/format/named_key_asn1.h"

#define ENV_NAMED_VERSION 1

/* UTF-8 without control characters, safe on a terminal. */
bool env_field_is_text(const char *text, size_t len);

/* out must have room for most + 1 bytes. */
bool env_field_read_text(const ASN1_STRING *string, size_t least, size_t most, char *out);
bool env_field_write_text(ASN1_STRING *string, const char *text);
bool env_field_read_octets(const ASN1_STRING *string, uint8_t *out, size_t len);
bool env_field_read_name(const ASN1_STRING *string, char out[ENV_NAMED_NAME_MAX + 1]);
bool env_field_read_number(const ASN1_INTEGER *integer, uint32_t *out);
bool env_field_is_version(const ASN1_INTEGER *integer);

/*
 * The value as DER. If *der is not NULL it must have room for `most` bytes; otherwise it is
 * allocated (OPENSSL_free). Fails with INTERNAL if the result would be longer.
 */
ENV_RESULT env_field_write_der(const void *value, const ASN1_ITEM *item, size_t most, uint8_t **der,
                               size_t *der_len);

/*
 * Only DER is accepted: whether what was read from der, written again, gives the same bytes. again:
 * where to write it, `most` bytes; NULL: in memory that is not secret.
 */
ENV_RESULT env_field_same_again(const void *value, const ASN1_ITEM *item, struct env_span der,
                                uint8_t *again, size_t most);

/*
 * Whether memory is short. The ASN.1 reader reports bad input and lack of memory in the same way,
 * and nobody should throw away a good key because of that.
 */
bool env_field_memory_is_short(const ASN1_ITEM *item);

#endif
