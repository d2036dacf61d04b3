/* SPDX-License-Identifier: Apache-2.0 */
/* The ASN.1 types of the header (RFC 5652, 5083, 5084), as C structures for header_der.c and
 * header_recipient.c. */
#ifndef ENVELOPE_HEADER_ASN1_H
#define ENVELOPE_HEADER_ASN1_H

#include <openssl/asn1.h>
#include <openssl/asn1t.h>
#include <openssl/safestack.h>
#include <openssl/x509.h>

/* KEKIdentifier: the format has neither date nor other. */
typedef struct {
    ASN1_OCTET_STRING *key_identifier;
} ENV_ASN1_KEKID;

typedef struct {
    ASN1_INTEGER *version; /* 4 */
    ENV_ASN1_KEKID *kekid;
    X509_ALGOR *key_encryption_algorithm;
    ASN1_OCTET_STRING *encrypted_key;
} ENV_ASN1_KEKRI;

/* RecipientIdentifier: the format only has the second form. */
enum { ENV_RID_ISSUER_AND_SERIAL, ENV_RID_SUBJECT_KEY };

typedef struct {
    int type;
    union {
        ASN1_OCTET_STRING *subject_key;
        ASN1_STRING *other;
    } d;
} ENV_ASN1_RID;

typedef struct {
    ASN1_INTEGER *version; /* 2 */
    ENV_ASN1_RID *rid;
    X509_ALGOR *key_encryption_algorithm;
    ASN1_OCTET_STRING *encrypted_key;
} ENV_ASN1_KTRI;

/* RecipientInfo: kinds that the format does not have are recognised but not parsed. */
enum { ENV_RI_KTRI, ENV_RI_KARI, ENV_RI_KEKRI, ENV_RI_PWRI, ENV_RI_ORI };

typedef struct {
    int type;
    union {
        ENV_ASN1_KTRI *ktri;
        ENV_ASN1_KEKRI *kekri;
        ASN1_STRING *other;
    } d;
} ENV_ASN1_RECIPIENT;

DEFINE_STACK_OF(ENV_ASN1_RECIPIENT)

typedef struct {
    ASN1_OBJECT *content_type; /* id-data */
    X509_ALGOR *content_encryption_algorithm;
} ENV_ASN1_CONTENT;

typedef struct {
    ASN1_INTEGER *version; /* 0 */
    STACK_OF(ENV_ASN1_RECIPIENT) * recipient_infos;
    ENV_ASN1_CONTENT *content;
    ASN1_OCTET_STRING *mac;
} ENV_ASN1_AUTH_ENVELOPED;

typedef struct {
    ASN1_OBJECT *content_type; /* id-ct-authEnvelopedData */
    ENV_ASN1_AUTH_ENVELOPED *auth_enveloped;
} ENV_ASN1_HEADER;

/* GCMParameters (RFC 5084): aes-ICVlen is written, since its default is 12. */
typedef struct {
    ASN1_OCTET_STRING *nonce;
    ASN1_INTEGER *icv_len;
} ENV_ASN1_GCM_PARAMS;

DECLARE_ASN1_ITEM(ENV_ASN1_HEADER)
DECLARE_ASN1_ITEM(ENV_ASN1_KEKRI)
DECLARE_ASN1_ITEM(ENV_ASN1_KTRI)
DECLARE_ASN1_ITEM(ENV_ASN1_RECIPIENT)
DECLARE_ASN1_ITEM(ENV_ASN1_GCM_PARAMS)

#endif
