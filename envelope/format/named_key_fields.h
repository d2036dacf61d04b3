/* SPDX-License-Identifier: Apache-2.0 */
/* Single fields of a key file's structures, to and from ASN.1. Reading is true where all is well.
 */
#ifndef ENVELOPE_NAMED_KEY_FIELDS_H
#define ENVELOPE_NAMED_KEY_FIELDS_H

#include "envelope/format/named_key.h"
#include "envelope/format/named_key_asn1.h"

#define ENV_NAMED_VERSION 1

/* UTF-8 without controls, which a terminal may show. */
bool env_field_is_text(const char *text, size_t len);

/* out has room for most + 1 bytes. */
bool env_field_read_text(const ASN1_STRING *string, size_t least, size_t most, char *out);
bool env_field_write_text(ASN1_STRING *string, const char *text);
bool env_field_read_octets(const ASN1_STRING *string, uint8_t *out, size_t len);
bool env_field_read_name(const ASN1_STRING *string, char out[ENV_NAMED_NAME_MAX + 1]);
bool env_field_read_number(const ASN1_INTEGER *integer, uint32_t *out);
bool env_field_is_version(const ASN1_INTEGER *integer);

/*
 * The value as DER. *der, where it is not NULL, has room for most bytes; else it is made
 * (OPENSSL_free). INTERNAL: it would be longer than that.
 */
ENV_RESULT env_field_write_der(const void *value, const ASN1_ITEM *item, size_t most, uint8_t **der,
                               size_t *der_len);

/*
 * DER alone: whether what was read from der, written again, is the same bytes. again: where to
 * write it, most bytes; NULL: in memory that is not secret.
 */
ENV_RESULT env_field_same_again(const void *value, const ASN1_ITEM *item, struct env_span der,
                                uint8_t *again, size_t most);

/*
 * Whether memory is short: the ASN.1 reader answers bad input and the want of memory alike, and
 * nobody is to throw a good key away for it.
 */
bool env_field_memory_is_short(const ASN1_ITEM *item);

#endif
