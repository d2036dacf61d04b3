/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/rsa_public_asn1.h"

/* clang-format off */
ASN1_SEQUENCE(ENV_ASN1_RSA_PUBLIC) = {
    ASN1_SIMPLE(ENV_ASN1_RSA_PUBLIC, modulus, ASN1_INTEGER),
    ASN1_SIMPLE(ENV_ASN1_RSA_PUBLIC, exponent, ASN1_INTEGER)
} ASN1_SEQUENCE_END(ENV_ASN1_RSA_PUBLIC)
