/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/header.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

#include "envelope/format/header_asn1.h"
#include "envelope/format/header_recipient.h"

#define AUTH_ENVELOPED_VERSION 0

/*
 * Our two content encryption algorithms, in the UUID arc (ITU-T X.667), as they stand in DER. Not
 * as text: to turn that into DER libcrypto needs memory for large numbers, and where there is none
 * it returns an object of whatever bytes it found.
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
};

/* The info of HKDF-Expand for the MAC's key. FLOE's infos begin with 00 00, so they never meet. */
static const char mac_label[] = "envelope header MAC v1";

/* ---- how long it is ---- */

ENV_RESULT env_header_length(struct env_span peek, size_t *len)
{
    uint8_t first[ENV_HEADER_PEEK] = {0};
    const unsigned char *p = first;
    const ASN1_OBJECT *wanted = OBJ_nid2obj(NID_id_smime_ct_authEnvelopedData);
    long content_len = 0;
    int tag = 0;
    int class = 0;
    int flags;
    size_t oid_der_len;

    if (peek.len == 0)
        return ENV_FAIL(ENV_R_TRUNCATED);
    memcpy(first, peek.data, peek.len < sizeof(first) ? peek.len : sizeof(first));
    if (first[0] != (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED))
        return ENV_FAIL(ENV_R_NOT_A_MESSAGE);
    if (peek.len < sizeof(first))
        return ENV_FAIL(ENV_R_TRUNCATED);
    /* A length field has at most 9 bytes, so this stays inside first whatever omax says. */
    ERR_set_mark();
    flags = ASN1_get_object(&p, &content_len, &tag, &class, LONG_MAX / 2);
    ERR_pop_to_mark();
    if ((flags & 0x80) != 0 || flags != V_ASN1_CONSTRUCTED)
        return ENV_FAIL(ENV_R_NOT_A_MESSAGE); /* an impossible or an indefinite length */
    oid_der_len = 2 + OBJ_length(wanted);
    if ((size_t)(p - first) + oid_der_len > sizeof(first) || p[0] != V_ASN1_OBJECT ||
        p[1] != OBJ_length(wanted) || memcmp(p + 2, OBJ_get0_data(wanted), OBJ_length(wanted)) != 0)
        return ENV_FAIL(ENV_R_NOT_A_MESSAGE);
    if (content_len > (long)(ENV_HEADER_MAX - (size_t)(p - first)))
        return ENV_FAIL(ENV_R_HEADER_TOO_LONG);
    *len = (size_t)(p - first) + (size_t)content_len;
    return ENV_OK;
}

/* ---- reading ---- */

static ENV_RESULT decode_content(const ENV_ASN1_CONTENT *content, enum env_content *out)
{
    const ASN1_OBJECT *oid = content->content_encryption_algorithm->algorithm;

    if (OBJ_obj2nid(content->content_type) != NID_pkcs7_data ||
        content->content_encryption_algorithm->parameter != NULL)
        return ENV_FAIL(ENV_R_BAD_HEADER);
    for (int i = ENV_CONTENT_MESSAGE; i <= ENV_CONTENT_SEALED_KEY; i++) {
        if (OBJ_length(oid) == content_oids[i].len &&
            memcmp(OBJ_get0_data(oid), content_oids[i].bytes, content_oids[i].len) == 0) {
            *out = (enum env_content)i;
            return ENV_OK;
        }
    }
    return ENV_FAIL(ENV_R_WRONG_CONTENT);
}

static ENV_RESULT decode_fields(const ENV_ASN1_HEADER *asn1, struct env_header *out)
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
    ENV_TRY(decode_content(auth->content, &out->content));
    for (int i = 0; i < count; i++)
        ENV_TRY(env_recipient_decode(sk_ENV_ASN1_RECIPIENT_value(auth->recipient_infos, i),
                                     &out->recipients[i]));
    out->count = (size_t)count;
    return ENV_OK;
}

/*
 * The header as DER. Where there is no memory to sort a SET in, libcrypto leaves it out and returns
 * the length of all the same; what is missing shows in where the writing ended.
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

/* DER alone: what was read, written again, is the same bytes. */
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

    memset(out, 0, sizeof(*out));
    asn1 =
        (ENV_ASN1_HEADER *)ASN1_item_d2i(NULL, &p, (long)der.len, ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    if (asn1 != NULL)
        r = written_again_is_same(asn1, der);
    if (env_ok(r))
        r = decode_fields(asn1, out);
    ASN1_item_free((ASN1_VALUE *)asn1, ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    return r;
}

/* The ASN.1 reader answers bad input and the want of memory alike. */
static bool memory_is_short(void)
{
    ASN1_VALUE *probe = ASN1_item_new(ASN1_ITEM_rptr(ENV_ASN1_HEADER));

    ASN1_item_free(probe, ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    return probe == NULL;
}

ENV_RESULT env_header_decode(struct env_span der, struct env_header *out)
{
    ENV_RESULT r;

    if (der.len > ENV_HEADER_MAX)
        return ENV_FAIL(ENV_R_HEADER_TOO_LONG);
    ERR_set_mark(); /* the reason we give says more than the ASN.1 reader's notes */
    r = decode(der, out);
    if (r.reason == ENV_R_BAD_HEADER) /* nobody is to throw a good message away for it */
        r = memory_is_short() ? ENV_FAIL(ENV_R_NO_MEMORY) : decode(der, out);
    ERR_pop_to_mark();
    return r;
}

/* ---- writing ---- */

static ENV_RESULT encode_fields(const struct env_header *in, ENV_ASN1_HEADER *out)
{
    static const uint8_t no_mac[ENV_HEADER_MAC_LEN];
    ENV_ASN1_AUTH_ENVELOPED *auth = out->auth_enveloped;
    ENV_ASN1_CONTENT *content = auth->content;
    struct content_oid oid = content_oids[in->content];
    ASN1_OBJECT *algorithm = ASN1_OBJECT_create(NID_undef, oid.bytes, (int)oid.len, NULL, NULL);

    if (algorithm == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    /* takes the object over */
    if (X509_ALGOR_set0(content->content_encryption_algorithm, algorithm, V_ASN1_UNDEF, NULL) !=
        1) {
        ASN1_OBJECT_free(algorithm);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    out->content_type = OBJ_nid2obj(NID_id_smime_ct_authEnvelopedData);
    content->content_type = OBJ_nid2obj(NID_pkcs7_data);
    if (ASN1_INTEGER_set_int64(auth->version, AUTH_ENVELOPED_VERSION) != 1 ||
        ASN1_OCTET_STRING_set(auth->mac, no_mac, sizeof(no_mac)) != 1)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    for (size_t i = 0; i < in->count; i++)
        ENV_TRY(env_recipient_encode(&in->recipients[i], auth->recipient_infos));
    return ENV_OK;
}

static ENV_RESULT header_mac(const struct env_crypto *crypto, struct env_span der,
                             const uint8_t dek[ENV_DEK_LEN], uint8_t mac[ENV_HEADER_MAC_LEN])
{
    const struct env_span label = {(const uint8_t *)mac_label, sizeof(mac_label) - 1};
    uint8_t key[32];
    ENV_RESULT r;

    if (der.len < ENV_HEADER_MAC_LEN)
        return ENV_FAIL(ENV_R_INTERNAL);
    r = env_hkdf_expand(crypto, (struct env_span){dek, ENV_DEK_LEN}, &label, 1, key, sizeof(key));
    /* the MAC's value is the last field: everything before it is covered */
    if (env_ok(r))
        r = env_hmac_sha256(crypto, (struct env_span){key, sizeof(key)},
                            (struct env_span){der.data, der.len - ENV_HEADER_MAC_LEN}, mac);
    OPENSSL_cleanse(key, sizeof(key));
    return r;
}

ENV_RESULT env_header_encode(const struct env_crypto *crypto, const struct env_header *header,
                             const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len)
{
    ENV_ASN1_HEADER *asn1 = (ENV_ASN1_HEADER *)ASN1_item_new(ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    uint8_t *out = NULL;
    size_t len = 0;
    ENV_RESULT r;

    if (asn1 == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    /* a message that nobody can open would be lost data */
    r = header->count >= 1 && header->count <= ENV_KEK_RECIPIENTS_MAX ? encode_fields(header, asn1)
                                                                      : ENV_FAIL(ENV_R_INTERNAL);
    if (env_ok(r))
        r = write_der(asn1, &out, &len);
    ASN1_item_free((ASN1_VALUE *)asn1, ASN1_ITEM_rptr(ENV_ASN1_HEADER));
    if (env_ok(r))
        r = header_mac(crypto, (struct env_span){out, len}, dek, out + len - ENV_HEADER_MAC_LEN);
    if (!env_ok(r)) {
        OPENSSL_free(out);
        return r;
    }
    *der = out;
    *der_len = len;
    return ENV_OK;
}

ENV_RESULT env_header_verify(const struct env_crypto *crypto, struct env_span der,
                             const uint8_t dek[ENV_DEK_LEN])
{
    uint8_t mac[ENV_HEADER_MAC_LEN];
    ENV_RESULT r = header_mac(crypto, der, dek, mac);

    if (env_ok(r) && CRYPTO_memcmp(mac, der.data + der.len - sizeof(mac), sizeof(mac)) != 0)
        r = ENV_FAIL(ENV_R_NOT_AUTHENTIC);
    /* for an altered header it is what an attacker would have to know */
    OPENSSL_cleanse(mac, sizeof(mac));
    return r;
}
