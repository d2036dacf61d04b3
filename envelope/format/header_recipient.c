/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/header_recipient.h"

#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <string.h>

#include "envelope/format/crypto.h"
#include "envelope/format/wrap_algorithm.h"

#define KEKRI_VERSION 4
#define KTRI_VERSION 2 /* with a subjectKeyIdentifier */
#define GCM_TAG_LEN 16

bool env_asn1_integer_is(const ASN1_INTEGER *integer, int64_t wanted)
{
    int64_t value = -1;

    return ASN1_INTEGER_get_int64(&value, integer) == 1 && value == wanted;
}

static bool octets(const ASN1_STRING *string, struct env_span *out)
{
    int len = ASN1_STRING_length(string);

    *out = (struct env_span){ASN1_STRING_get0_data(string), len > 0 ? (size_t)len : 0};
    return len > 0;
}

static bool same_bytes(const ASN1_STRING *a, const ASN1_STRING *b)
{
    int len = ASN1_STRING_length(a);

    return len == ASN1_STRING_length(b) &&
           memcmp(ASN1_STRING_get0_data(a), ASN1_STRING_get0_data(b), (size_t)len) == 0;
}

/* ---- RSAES-OAEP-params (RFC 4055) ---- */

/* The form that OpenSSL itself writes for a hash: the digest's algorithm without parameters. */
static ASN1_STRING *mgf1_with(X509_ALGOR *mask, int hash_nid)
{
    X509_ALGOR *hash = X509_ALGOR_new();
    ASN1_STRING *packed = NULL;

    if (hash != NULL && X509_ALGOR_set0(hash, OBJ_nid2obj(hash_nid), V_ASN1_UNDEF, NULL) == 1)
        packed = ASN1_item_pack(hash, ASN1_ITEM_rptr(X509_ALGOR), NULL);
    X509_ALGOR_free(hash);
    if (packed != NULL &&
        X509_ALGOR_set0(mask, OBJ_nid2obj(NID_mgf1), V_ASN1_SEQUENCE, packed) != 1) {
        ASN1_STRING_free(packed);
        return NULL;
    }
    return packed;
}

/*
 * Hash and MGF1 of the same hash, and no label. SHA-1 is the DEFAULT of every field, so DER omits
 * all of them. NULL: no memory.
 */
static ASN1_STRING *oaep_params(enum env_wrap_alg alg)
{
    RSA_OAEP_PARAMS *oaep = RSA_OAEP_PARAMS_new();
    ASN1_STRING *packed = NULL;
    bool ok = oaep != NULL;

    if (ok && alg == ENV_WRAP_RSA_OAEP_SHA256) {
        oaep->hashFunc = X509_ALGOR_new();
        oaep->maskGenFunc = X509_ALGOR_new();
        ok = oaep->hashFunc != NULL && oaep->maskGenFunc != NULL &&
             X509_ALGOR_set0(oaep->hashFunc, OBJ_nid2obj(NID_sha256), V_ASN1_UNDEF, NULL) == 1 &&
             mgf1_with(oaep->maskGenFunc, NID_sha256) != NULL;
    }
    if (ok)
        packed = ASN1_item_pack(oaep, ASN1_ITEM_rptr(RSA_OAEP_PARAMS), NULL);
    RSA_OAEP_PARAMS_free(oaep);
    return packed;
}

/* Each has only one encoding, so the input must be equal to it. */
static ENV_RESULT decode_oaep_params(const ASN1_TYPE *given, const struct env_wrap_algorithm **out)
{
    const struct env_wrap_algorithm *candidate;

    for (size_t i = 0; (candidate = env_wrap_algorithm_at(i)) != NULL; i++) {
        ASN1_STRING *wanted;
        bool same;

        if (candidate->family != ENV_WRAP_FAMILY_OAEP)
            continue;
        wanted = oaep_params(candidate->alg);
        if (wanted == NULL)
            return ENV_FAIL(ENV_R_NO_MEMORY);
        same = given != NULL && given->type == V_ASN1_SEQUENCE &&
               same_bytes(wanted, given->value.sequence);
        ASN1_STRING_free(wanted);
        if (same) {
            *out = candidate;
            return ENV_OK;
        }
    }
    return ENV_FAIL(ENV_R_OAEP_PARAMETERS);
}

/* ---- reading ---- */

static ENV_RESULT decode_gcm_params(const ASN1_TYPE *params, struct env_wrapped *out)
{
    ENV_ASN1_GCM_PARAMS *gcm;
    ASN1_STRING
    *again; /* parameters are kept as read, so they need a DER check of their own */
    struct env_span bytes;
    ENV_RESULT r = ENV_FAIL(ENV_R_BAD_HEADER);

    if (params == NULL || params->type != V_ASN1_SEQUENCE)
        return r;
    gcm = ASN1_item_unpack(params->value.sequence, ASN1_ITEM_rptr(ENV_ASN1_GCM_PARAMS));
    if (gcm == NULL)
        return r;
    again = ASN1_item_pack(gcm, ASN1_ITEM_rptr(ENV_ASN1_GCM_PARAMS), NULL);
    if (again != NULL && same_bytes(again, params->value.sequence) && octets(gcm->nonce, &bytes) &&
        env_gcm_nonce_fits(bytes.len) && env_asn1_integer_is(gcm->icv_len, GCM_TAG_LEN)) {
        memcpy(out->nonce, bytes.data, bytes.len);
        out->nonce_len = bytes.len;
        r = ENV_OK;
    }
    ASN1_STRING_free(again);
    ASN1_item_free((ASN1_VALUE *)gcm, ASN1_ITEM_rptr(ENV_ASN1_GCM_PARAMS));
    return r;
}

/* rsa: the recipient is of the RSA kind; an algorithm of the other kind is refused. */
static ENV_RESULT decode_wrapped(bool rsa, const X509_ALGOR *algorithm,
                                 const ASN1_OCTET_STRING *encrypted, struct env_wrapped *out)
{
    const struct env_wrap_algorithm *format;
    struct env_span bytes;
    int nid = OBJ_obj2nid(algorithm->algorithm);

    for (size_t i = 0; (format = env_wrap_algorithm_at(i)) != NULL && format->nid != nid; i++)
        ;
    if (format == NULL || (format->family == ENV_WRAP_FAMILY_OAEP) != rsa)
        return ENV_FAIL(ENV_R_UNSUPPORTED_RECIPIENT);
    if (rsa)
        ENV_TRY(decode_oaep_params(algorithm->parameter, &format));
    if (!octets(encrypted, &bytes) || bytes.len < format->shortest || bytes.len > format->longest)
        return ENV_FAIL(ENV_R_BAD_HEADER);
    memset(out->nonce, 0, sizeof(out->nonce));
    out->nonce_len = 0;
    if (format->family == ENV_WRAP_FAMILY_GCM)
        ENV_TRY(decode_gcm_params(algorithm->parameter, out));
    else if (!rsa && algorithm->parameter != NULL)
        return ENV_FAIL(ENV_R_BAD_HEADER);
    out->alg = format->alg;
    out->len = bytes.len;
    memcpy(out->data, bytes.data, bytes.len);
    return ENV_OK;
}

static ENV_RESULT decode_id(const ASN1_OCTET_STRING *from, struct env_kek_id *id)
{
    struct env_span bytes;

    if (!octets(from, &bytes) || bytes.len > ENV_KEK_ID_MAX)
        return ENV_FAIL(ENV_R_BAD_HEADER);
    id->len = bytes.len;
    memcpy(id->bytes, bytes.data, bytes.len);
    return ENV_OK;
}

static ENV_RESULT decode_kekri(const ENV_ASN1_KEKRI *kekri, struct env_recipient *out)
{
    if (!env_asn1_integer_is(kekri->version, KEKRI_VERSION))
        return ENV_FAIL(ENV_R_BAD_HEADER);
    ENV_TRY(decode_id(kekri->kekid->key_identifier, &out->id));
    return decode_wrapped(false, kekri->key_encryption_algorithm, kekri->encrypted_key,
                          &out->wrapped);
}

static ENV_RESULT decode_ktri(const ENV_ASN1_KTRI *ktri, struct env_recipient *out)
{
    if (ktri->rid->type != ENV_RID_SUBJECT_KEY)
        return ENV_FAIL(ENV_R_UNSUPPORTED_RECIPIENT);
    if (!env_asn1_integer_is(ktri->version, KTRI_VERSION))
        return ENV_FAIL(ENV_R_BAD_HEADER);
    ENV_TRY(decode_id(ktri->rid->d.subject_key, &out->id));
    return decode_wrapped(true, ktri->key_encryption_algorithm, ktri->encrypted_key, &out->wrapped);
}

ENV_RESULT env_recipient_decode(const ENV_ASN1_RECIPIENT *recipient, struct env_recipient *out)
{
    if (recipient->type == ENV_RI_KEKRI)
        return decode_kekri(recipient->d.kekri, out);
    if (recipient->type == ENV_RI_KTRI)
        return decode_ktri(recipient->d.ktri, out);
    return ENV_FAIL(ENV_R_UNSUPPORTED_RECIPIENT);
}

/* ---- writing ---- */

static ASN1_STRING *gcm_params(const struct env_wrapped *wrapped)
{
    ENV_ASN1_GCM_PARAMS *gcm =
        (ENV_ASN1_GCM_PARAMS *)ASN1_item_new(ASN1_ITEM_rptr(ENV_ASN1_GCM_PARAMS));
    ASN1_STRING *packed = NULL;

    if (gcm != NULL &&
        ASN1_OCTET_STRING_set(gcm->nonce, wrapped->nonce, (int)wrapped->nonce_len) == 1 &&
        ASN1_INTEGER_set_int64(gcm->icv_len, GCM_TAG_LEN) == 1)
        packed = ASN1_item_pack(gcm, ASN1_ITEM_rptr(ENV_ASN1_GCM_PARAMS), NULL);
    ASN1_item_free((ASN1_VALUE *)gcm, ASN1_ITEM_rptr(ENV_ASN1_GCM_PARAMS));
    return packed;
}

static ENV_RESULT set_algorithm(X509_ALGOR *algorithm, const struct env_wrap_algorithm *format,
                                const struct env_wrapped *wrapped)
{
    ASN1_STRING *packed;

    if (format->family == ENV_WRAP_FAMILY_KW || format->family == ENV_WRAP_FAMILY_KWP)
        return X509_ALGOR_set0(algorithm, OBJ_nid2obj(format->nid), V_ASN1_UNDEF, NULL) == 1
                   ? ENV_OK
                   : ENV_FAIL(ENV_R_NO_MEMORY);
    packed = format->family == ENV_WRAP_FAMILY_GCM ? gcm_params(wrapped) : oaep_params(format->alg);
    if (packed == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (X509_ALGOR_set0(algorithm, OBJ_nid2obj(format->nid), V_ASN1_SEQUENCE, packed) != 1) {
        ASN1_STRING_free(packed);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    return ENV_OK;
}

static bool set_octets(ASN1_OCTET_STRING *to, const uint8_t *bytes, size_t len)
{
    return ASN1_OCTET_STRING_set(to, bytes, (int)len) == 1;
}

static ENV_RESULT encode_kekri(const struct env_recipient *in,
                               const struct env_wrap_algorithm *format, ENV_ASN1_RECIPIENT *out)
{
    ENV_ASN1_KEKRI *kekri = (ENV_ASN1_KEKRI *)ASN1_item_new(ASN1_ITEM_rptr(ENV_ASN1_KEKRI));

    out->type = ENV_RI_KEKRI;
    out->d.kekri = kekri;
    if (kekri == NULL || ASN1_INTEGER_set_int64(kekri->version, KEKRI_VERSION) != 1 ||
        !set_octets(kekri->kekid->key_identifier, in->id.bytes, in->id.len) ||
        !set_octets(kekri->encrypted_key, in->wrapped.data, in->wrapped.len))
        return ENV_FAIL(ENV_R_NO_MEMORY);
    return set_algorithm(kekri->key_encryption_algorithm, format, &in->wrapped);
}

static ENV_RESULT encode_ktri(const struct env_recipient *in,
                              const struct env_wrap_algorithm *format, ENV_ASN1_RECIPIENT *out)
{
    ENV_ASN1_KTRI *ktri = (ENV_ASN1_KTRI *)ASN1_item_new(ASN1_ITEM_rptr(ENV_ASN1_KTRI));

    out->type = ENV_RI_KTRI;
    out->d.ktri = ktri;
    if (ktri == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    ktri->rid->d.subject_key = ASN1_OCTET_STRING_new();
    ktri->rid->type = ENV_RID_SUBJECT_KEY;
    if (ktri->rid->d.subject_key == NULL ||
        ASN1_INTEGER_set_int64(ktri->version, KTRI_VERSION) != 1 ||
        !set_octets(ktri->rid->d.subject_key, in->id.bytes, in->id.len) ||
        !set_octets(ktri->encrypted_key, in->wrapped.data, in->wrapped.len))
        return ENV_FAIL(ENV_R_NO_MEMORY);
    return set_algorithm(ktri->key_encryption_algorithm, format, &in->wrapped);
}

ENV_RESULT env_recipient_encode(const struct env_recipient *in,
                                STACK_OF(ENV_ASN1_RECIPIENT) * recipients)
{
    const struct env_wrap_algorithm *format = env_wrap_algorithm(in->wrapped.alg);
    ENV_ASN1_RECIPIENT *out;

    if (format == NULL || in->wrapped.len < format->shortest || in->wrapped.len > format->longest ||
        in->id.len == 0 || in->id.len > ENV_KEK_ID_MAX ||
        (format->family == ENV_WRAP_FAMILY_GCM && !env_gcm_nonce_fits(in->wrapped.nonce_len)))
        return ENV_FAIL(ENV_R_INTERNAL);
    out = (ENV_ASN1_RECIPIENT *)ASN1_item_new(ASN1_ITEM_rptr(ENV_ASN1_RECIPIENT));
    if (out == NULL || sk_ENV_ASN1_RECIPIENT_push(recipients, out) <= 0) {
        ASN1_item_free((ASN1_VALUE *)out, ASN1_ITEM_rptr(ENV_ASN1_RECIPIENT));
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    /* the stack owns it now, even if this fails */
    return format->family == ENV_WRAP_FAMILY_OAEP ? encode_ktri(in, format, out)
                                                  : encode_kekri(in, format, out);
}
