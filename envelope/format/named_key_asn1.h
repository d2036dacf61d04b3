/* SPDX-License-Identifier: Apache-2.0 */
/* The ASN.1 types of a key file, as C structures for named_key.c. */
#ifndef ENVELOPE_NAMED_KEY_ASN1_H
#define ENVELOPE_NAMED_KEY_ASN1_H

#include <openssl/asn1.h>
#include <openssl/asn1t.h>
#include <openssl/safestack.h>

typedef struct {
    ASN1_UTF8STRING *application;
    ASN1_OCTET_STRING *hint; /* the first 8 bytes of the stand-in's SHA-256 */
} ENV_ASN1_STAND_IN;

DEFINE_STACK_OF(ENV_ASN1_STAND_IN)

typedef ASN1_OCTET_STRING ENV_ASN1_HASH; /* of a stand-in */

DEFINE_STACK_OF(ENV_ASN1_HASH)

/* The parameters of the content type, in the clear. */
typedef struct {
    ASN1_INTEGER *version; /* 1 */
    ASN1_UTF8STRING *name;
    ASN1_INTEGER *number;
    STACK_OF(ASN1_UTF8STRING) * uses;
    ASN1_BOOLEAN mixed;
    ASN1_BOOLEAN no_export;
    ASN1_ENUMERATED *origin;
    ASN1_UTF8STRING *owner;
    ASN1_GENERALIZEDTIME *created;
    ASN1_GENERALIZEDTIME *seal_from;
    ASN1_GENERALIZEDTIME *not_after; /* may be absent */
    ASN1_OCTET_STRING *key_id;
    STACK_OF(ENV_ASN1_STAND_IN) * stand_ins;
} ENV_ASN1_NAMED_CLEAR;

/* The sealed part. The key is wiped when this is freed. */
typedef struct {
    ASN1_INTEGER *version; /* 1 */
    ASN1_UTF8STRING *name;
    ASN1_INTEGER *number;
    ASN1_OCTET_STRING *key;
    STACK_OF(ENV_ASN1_HASH) * hashes;
} ENV_ASN1_NAMED_SEALED;

DECLARE_ASN1_ITEM(ENV_ASN1_STAND_IN)
DECLARE_ASN1_ITEM(ENV_ASN1_NAMED_CLEAR)
DECLARE_ASN1_ITEM(ENV_ASN1_NAMED_SEALED)

#endif
