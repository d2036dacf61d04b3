/* SPDX-License-Identifier: Apache-2.0 */
/* RSAPublicKey (RFC 8017), for rsa_public.c and key_reference.c alone. */
#ifndef ENVELOPE_RSA_PUBLIC_ASN1_H
#define ENVELOPE_RSA_PUBLIC_ASN1_H

#include <openssl/asn1.h>
#include <openssl/asn1t.h>

typedef struct {
    ASN1_INTEGER *modulus;
    ASN1_INTEGER *exponent;
} ENV_ASN1_RSA_PUBLIC;

DECLARE_ASN1_ITEM(ENV_ASN1_RSA_PUBLIC)

#endif
