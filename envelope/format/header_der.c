/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/header_der.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

#include "envelope/format/header_asn1.h"
#include "envelope/format/header_recipient.h"

#define AUTH_ENVELOPED_VERSION 0

#define MAC_FIELD_LEN (ENV_HEADER_MAC_LEN + 2u) /* including its tag and length */

/*
 * Our three content encryption algorithms, in the UUID arc (ITU-T X.667), as DER. Not as text:
 * converting that to DER needs memory for large numbers, and without memory libcrypto returns an
 * object with arbitrary bytes.
 */
static const struct content_oid {
    size_t len;
    uint8_t bytes[20];
} content_oids[] = {
    [ENV_CONTENT_MESSAGE] = /* 2.25.107611773213762148878469294417992592875 */
    {20, {0x69, 0x81, 0xA1, 0xF5, 0xA3, 0x83, 0xA8, 0xF0, 0xEA, 0x94,
          0xAB, 0x9B, 0x80, 0xCB, 0xC6, 0xDB, 0xB7, 0xF6, 0xDB, 0x6B}},
    [ENV_CONTENT_SEALED_KEY] = /* 2.25.40443017968939241770104652940430146387 */
    {19,
     {0x69, 0xBC, 0xED, 0x85, 0xAF, 0x87, 0xCD, 0x82, 0x91, 0xCD, 0x96, 0xA8, 0xEC, 0x86, 0xE9,
      0xAB, 0xC7, 0xF6, 0x53}},
    [ENV_CONTENT_NAMED_KEY] = /* 2.25.1717611261343349075073037905831055864 */
    {19,
     {0x69, 0x82, 0xCA, 0xE6, 0xB1, 0xBF, 0xDB, 0xAF, 0xE1, 0xA2, 0xE9, 0xAE, 0xEA, 0xB3, 0xD2,
      0xCC, 0xFB, 0xA3, 0x78}},
};

/* ---- reading ---- */

static ENV_RESULT find_content(const ASN1_OBJECT *oid, enum env_content *out)
{
    for (int i = ENV_CONTENT_MESSAGE; i < ENV_CONTENTS; i++) {
        if (OBJ_length(oid) == content_oids[i].len &&
            memcmp(OBJ_get0_data(oid), content_oids[i].bytes, content_oids[i].len) == 0) {
            *out = (enum env_content)i;
            return ENV_OK;
        }
    }
    return ENV_FAIL(ENV_R_WRONG_CONTENT);
}

/*
 * The parameters come right before the MAC. The result points to the header's own bytes, which are
 * the same as libcrypto's copy.
 */
static ENV_RESULT decode_parameters(const ASN1_TYPE *parameter, struct env_span der,
                                    struct env_span *out)
{
    const ASN1_STRING *value;
    size_t len;

    if (parameter == NULL || ASN1_TYPE_get(parameter) != V_ASN1_SEQUENCE)
        return ENV_FAIL(ENV_R_BAD_HEADER);
    value = parameter->value.sequence;
    len = (size_t)ASN1_STRING_length(value);
    if (len == 0 || len + MAC_FIELD_LEN > der.len)
        return ENV_FAIL(ENV_R_BAD_HEADER);
    *out = (struct env_span){der.data + der.len - MAC_FIELD_LEN - len, len};
    return memcmp(out->data, ASN1_STRING_get0_data(value), len) == 0 ? ENV_OK
                                                                     : ENV_FAIL(ENV_R_BAD_HEADER);
}

static ENV_RESULT decode_content(const ENV_ASN1_CONTENT *content, struct env_span der,
                                 struct env_header *out)
{
    const X509_ALGOR *algorithm = content->content_encryption_algorithm;

    out->parameters = (struct env_span){NULL, 0};
    if (OBJ_obj2nid(content->content_type) != NID_pkcs7_data)
        return ENV_FAIL(ENV_R_BAD_HEADER);
    if (!env_ok(find_content(algorithm->algorithm, &out->content)))
        return ENV_FAIL(algorithm->parameter == NULL ? ENV_R_WRONG_CONTENT : ENV_R_BAD_HEADER);
    if (out->content == ENV_CONTENT_NAMED_KEY)
        return decode_parameters(algorithm->parameter, der, &out->parameters);
    return algorithm->parameter == NULL ? ENV_OK : ENV_FAIL(ENV_R_BAD_HEADER);
}

static ENV_RESULT decode_fields(const ENV_ASN1_HEADER *asn1, struct env_span der,
                                struct env_header *out)
{
    const ENV_ASN1_AUTH_ENVELOPED *auth = asn1->auth_enveloped;
    int count = sk_ENV_ASN1_RECIPIENT_num(auth->recipient_infos);

    if (OBJ_obj2nid(asn1->content_type) != NID_id_smime_ct_authEnvelopedData)
        return ENV_FAIL(ENV_R_NOT_A_MESSAGE);
    if (!env_asn1_integer_is(auth->version, AUTH_ENVELOPED_VERSION) ||
        ASN1_STRING_length(auth->mac) != (int)ENV_HEADER_MAC_LEN || count < 1)
        return ENV_FAIL(ENV_R_BAD_HEADER);
    if (count > (int)ENV_KEK_RECIPIENTS_MAX)
        return ENV_FAIL(ENV_R_TOO_MANY_RECIPIENTS);
    ENV_TRY(decode_content(auth->content, der, out));
    for (int i = 0; i < count; i++)
        ENV_TRY(env_recipient_decode(sk_ENV_ASN1_RECIPIENT_value(auth->recipient_infos, i),
                                     &out->recipients[i]));
    out->count = (size_t)count;
    return ENV_OK;
}

/*
 * The header as DER. If there is no memory to sort a SET, libcrypto leaves it out but still returns
 * the full length; the end of the output shows what is missing.
 */
static ENV_RESULT write_der(const ENV_ASN1_HEADER *asn1, uint8_t **der, size_t *der_len)
{
    const ASN1_VALUE *value = (const ASN1_VALUE *)asn1;
    int len = ASN1_item_i2d(value, NULL, ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    uint8_t *out = len > 0 ? OPENSSL_malloc((size_t)len) : NULL;
    unsigned char *end = out;

    if (out == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (ASN1_item_i2d(value, &end, ASN1_ITEM_rptr(ENV_ASN1_HEADER)) != len || end != out + len) {
        OPENSSL_free(out);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    *der = out;
    *der_len = (size_t)len;
    return ENV_OK;
}

/* Only DER is accepted: what was read, written again, must give the same bytes. */
static ENV_RESULT written_again_is_same(const ENV_ASN1_HEADER *asn1, struct env_span der)
{
    uint8_t *again = NULL;
    size_t len = 0;
    bool same;

    ENV_TRY(write_der(asn1, &again, &len));
    same = len == der.len && memcmp(again, der.data, len) == 0;
    OPENSSL_free(again);
    return same ? ENV_OK : ENV_FAIL(ENV_R_BAD_HEADER);
}

static ENV_RESULT decode(struct env_span der, struct env_header *out)
{
    const unsigned char *p = der.data;
    ENV_ASN1_HEADER *asn1;
    ENV_RESULT r = ENV_FAIL(ENV_R_BAD_HEADER);

    asn1 =
        (ENV_ASN1_HEADER *)ASN1_item_d2i(NULL, &p, (long)der.len, ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    if (asn1 != NULL)
        r = written_again_is_same(asn1, der);
    if (env_ok(r))
        r = decode_fields(asn1, der, out);
    ASN1_item_free((ASN1_VALUE *)asn1, ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    return r;
}

/* The ASN.1 reader reports bad input and lack of memory in the same way. */
static bool memory_is_short(void)
{
    ASN1_VALUE *probe = ASN1_item_new(ASN1_ITEM_rptr(ENV_ASN1_HEADER));

    ASN1_item_free(probe, ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    return probe == NULL;
}

ENV_RESULT env_header_der_read(struct env_span der, struct env_header *out)
{
    ENV_RESULT r;

    if (der.len > ENV_HEADER_MAX)
        return ENV_FAIL(ENV_R_HEADER_TOO_LONG);
    ERR_set_mark(); /* our reason says more than the ASN.1 reader's errors */
    r = decode(der, out);
    if (r.reason == ENV_R_BAD_HEADER) /* or someone might discard a good message */
        r = memory_is_short() ? ENV_FAIL(ENV_R_NO_MEMORY) : decode(der, out);
    ERR_pop_to_mark();
    return r;
}

/* ---- writing ---- */

/* The algorithm, with its parameters, if any. */
static ENV_RESULT encode_content(const struct env_header *in, X509_ALGOR *out)
{
    struct content_oid oid = content_oids[in->content];
    bool has_parameters = in->content == ENV_CONTENT_NAMED_KEY;
    ASN1_OBJECT *algorithm = ASN1_OBJECT_create(NID_undef, oid.bytes, (int)oid.len, NULL, NULL);
    ASN1_STRING *parameters = has_parameters ? ASN1_STRING_type_new(V_ASN1_SEQUENCE) : NULL;

    /* takes over both */
    if (algorithm == NULL ||
        (has_parameters && (parameters == NULL || ASN1_STRING_set(parameters, in->parameters.data,
                                                                  (int)in->parameters.len) != 1)) ||
        X509_ALGOR_set0(out, algorithm, has_parameters ? V_ASN1_SEQUENCE : V_ASN1_UNDEF,
                        parameters) != 1) {
        ASN1_STRING_free(parameters);
        ASN1_OBJECT_free(algorithm);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    return ENV_OK;
}

static ENV_RESULT encode_fields(const struct env_header *in, ENV_ASN1_HEADER *out)
{
    static const uint8_t no_mac[ENV_HEADER_MAC_LEN];
    ENV_ASN1_AUTH_ENVELOPED *auth = out->auth_enveloped;
    ENV_ASN1_CONTENT *content = auth->content;

    ENV_TRY(encode_content(in, content->content_encryption_algorithm));
    out->content_type = OBJ_nid2obj(NID_id_smime_ct_authEnvelopedData);
    content->content_type = OBJ_nid2obj(NID_pkcs7_data);
    if (ASN1_INTEGER_set_int64(auth->version, AUTH_ENVELOPED_VERSION) != 1 ||
        ASN1_OCTET_STRING_set(auth->mac, no_mac, sizeof(no_mac)) != 1)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    for (size_t i = 0; i < in->count; i++)
        ENV_TRY(env_recipient_encode(&in->recipients[i], auth->recipient_infos));
    return ENV_OK;
}

ENV_RESULT env_header_der_write(const struct env_header *header, uint8_t **der, size_t *der_len)
{
    ENV_ASN1_HEADER *asn1;
    ENV_RESULT r;

    /* a message that nobody can open would be lost data */
    if (header->count < 1 || header->count > ENV_KEK_RECIPIENTS_MAX ||
        (header->content == ENV_CONTENT_NAMED_KEY) != (header->parameters.len > 0) ||
        header->parameters.len > ENV_HEADER_MAX)
        return ENV_FAIL(ENV_R_INTERNAL);
    asn1 = (ENV_ASN1_HEADER *)ASN1_item_new(ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    if (asn1 == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = encode_fields(header, asn1);
    if (env_ok(r))
        r = write_der(asn1, der, der_len);
    ASN1_item_free((ASN1_VALUE *)asn1, ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    return r;
}
