/* SPDX-License-Identifier: Apache-2.0 */
/* The ASN.1 type of a KEK reference, only for kek_reference.c. */
#ifndef ENVELOPE_KEK_REFERENCE_ASN1_H
#define ENVELOPE_KEK_REFERENCE_ASN1_H

#include <openssl/asn1.h>
#include <openssl/asn1t.h>

typedef struct {
    ASN1_PRINTABLESTRING *magic;
    ASN1_UTF8STRING *uri;
} ENV_ASN1_KEK_REFERENCE;

DECLARE_ASN1_ITEM(ENV_ASN1_KEK_REFERENCE)

#endif
