/* SPDX-License-Identifier: Apache-2.0 */
/* Headers written and read again, compared with libcrypto's own CMS and an independent MAC. */
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <string.h>

#include "caller.h"
#include "envelope/format/header.h"

static struct env_crypto *crypto;
static struct env_header header;
static struct env_header decoded;
static uint8_t dek[ENV_DEK_LEN];

static void set_up(void)
{
    crypto = env_crypto_new(NULL, NULL);
    ck_assert_ptr_nonnull(crypto);
    ck_assert(env_ok(env_crypto_ready(crypto)));
    memset(dek, 0x42, sizeof(dek));
}

static void tear_down(void)
{
    env_crypto_free(crypto);
}

static const struct {
    enum env_wrap_alg alg;
    size_t len;
} algorithms[] = {
    {ENV_WRAP_AES128_KW, 40},      {ENV_WRAP_AES192_KW, 40},        {ENV_WRAP_AES256_KW, 40},
    {ENV_WRAP_AES128_KWP, 40},     {ENV_WRAP_AES192_KWP, 40},       {ENV_WRAP_AES256_KWP, 40},
    {ENV_WRAP_AES128_GCM, 48},     {ENV_WRAP_AES192_GCM, 48},       {ENV_WRAP_AES256_GCM, 48},
    {ENV_WRAP_RSA_OAEP_SHA1, 256}, {ENV_WRAP_RSA_OAEP_SHA256, 256},
};

#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

/* One made by the provider, or for every second recipient one made by a token. */
static void fill_nonce(struct env_wrapped *wrapped, size_t i)
{
    wrapped->nonce_len = i % 2 == 0 ? ENV_GCM_NONCE_LEN : ENV_GCM_NONCE_MAX;
    memset(wrapped->nonce, 0x40 + (int)i, wrapped->nonce_len);
}

/* Recipient i: id_len bytes of id that begin with i, everything else from i as well. */
static void make_header(size_t count, size_t id_len, size_t algorithm, enum env_content content)
{
    memset(&header, 0, sizeof(header));
    header.content = content;
    header.count = count;
    for (size_t i = 0; i < count; i++) {
        struct env_recipient *r = &header.recipients[i];
        size_t a = (algorithm + i) % ALGORITHMS;

        r->id.len = id_len;
        memset(r->id.bytes, (int)i, id_len);
        r->wrapped.alg = algorithms[a].alg;
        r->wrapped.len = algorithms[a].len;
        memset(r->wrapped.data, 0x80 + (int)i, r->wrapped.len);
        if (algorithms[a].len == 48)
            fill_nonce(&r->wrapped, i);
    }
}

static struct env_span encode(uint8_t **der)
{
    size_t len = 0;

    *der = NULL;
    ck_assert(env_ok(env_header_encode(crypto, &header, dek, der, &len)));
    return (struct env_span){*der, len};
}

static bool same_recipient(const struct env_recipient *a, const struct env_recipient *b)
{
    return a->id.len == b->id.len && memcmp(a->id.bytes, b->id.bytes, a->id.len) == 0 &&
           a->wrapped.alg == b->wrapped.alg && a->wrapped.len == b->wrapped.len &&
           memcmp(a->wrapped.data, b->wrapped.data, a->wrapped.len) == 0 &&
           a->wrapped.nonce_len == b->wrapped.nonce_len &&
           memcmp(a->wrapped.nonce, b->wrapped.nonce, sizeof(a->wrapped.nonce)) == 0;
}

/* A SET OF keeps no order: every recipient that went in must come out once. */
static void check_decoded(struct env_span der)
{
    ck_assert(env_ok(env_header_decode(der, &decoded)));
    ck_assert_int_eq((int)decoded.content, (int)header.content);
    ck_assert_uint_eq(decoded.count, header.count);
    for (size_t i = 0; i < header.count; i++) {
        size_t found = 0;

        for (size_t j = 0; j < decoded.count; j++)
            found += same_recipient(&header.recipients[i], &decoded.recipients[j]) ? 1 : 0;
        ck_assert_uint_eq(found, 1);
    }
}

START_TEST(what_is_written_is_read_back)
{
    static const size_t counts[] = {1, 2, 3, 9, 31, 32};
    static const size_t id_lens[] = {1, 2, 16, 20, 63, 64};

    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            for (size_t algorithm = 0; algorithm < ALGORITHMS; algorithm++) {
                uint8_t *der;
                struct env_span span;

                make_header(counts[i], id_lens[j], algorithm,
                            algorithm % 2 == 0 ? ENV_CONTENT_MESSAGE : ENV_CONTENT_SEALED_KEY);
                span = encode(&der);
                check_decoded(span);
                ck_assert(env_ok(env_header_verify(crypto, span, dek)));
                OPENSSL_free(der);
            }
        }
    }
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(a_named_key_keeps_its_parameters)
{
    static const uint8_t parameters[] = {0x30, 0x03, 0x02, 0x01, 0x07};
    uint8_t *der;
    struct env_span span;

    for (size_t count = 1; count <= 32; count++) {
        make_header(count, 16, 0, ENV_CONTENT_NAMED_KEY);
        header.parameters = (struct env_span){parameters, sizeof(parameters)};
        span = encode(&der);
        check_decoded(span);
        ck_assert_uint_eq(decoded.parameters.len, sizeof(parameters));
        ck_assert_mem_eq(decoded.parameters.data, parameters, sizeof(parameters));
        ck_assert(decoded.parameters.data > span.data &&
                  decoded.parameters.data < span.data + span.len);
        ck_assert(env_ok(env_header_verify(crypto, span, dek)));
        der[decoded.parameters.data - span.data + 4] ^= 1;
        ck_assert(env_ok(env_header_decode(span, &decoded)));
        ck_assert_int_eq(env_header_verify(crypto, span, dek).reason, ENV_R_NOT_AUTHENTIC);
        OPENSSL_free(der);
    }
    make_header(1, 1, 0, ENV_CONTENT_MESSAGE);
    span = encode(&der);
    decoded.parameters = span;
    ck_assert(env_ok(env_header_decode(span, &decoded)));
    ck_assert_uint_eq(decoded.parameters.len, 0);
    OPENSSL_free(der);
}
END_TEST

/* The header is recognised from its first bytes, and is complete at every length.
 */
START_TEST(the_first_bytes_tell_the_length)
{
    for (size_t count = 1; count <= 32; count++) {
        uint8_t *der;
        struct env_span span;
        size_t len = 0;

        make_header(count, 1, 0, ENV_CONTENT_MESSAGE);
        span = encode(&der);
        ck_assert(env_ok(env_header_length(span, &len)));
        ck_assert_uint_eq(len, span.len);
        for (size_t peek = 0; peek < ENV_HEADER_PEEK; peek++) {
            struct bytes few = bytes_of(der, peek);

            ck_assert_int_eq(env_header_length((struct env_span){few.data, few.len}, &len).reason,
                             ENV_R_TRUNCATED);
            bytes_free(&few);
        }
        len = 0;
        ck_assert(env_ok(env_header_length((struct env_span){der, ENV_HEADER_PEEK}, &len)));
        ck_assert_uint_eq(len, span.len);
        der[0] ^= 1;
        ck_assert_int_eq(env_header_length((struct env_span){der, 1}, &len).reason,
                         ENV_R_NOT_A_MESSAGE);
        OPENSSL_free(der);
    }
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(a_cut_or_extended_header_is_refused)
{
    uint8_t *der;
    struct env_span span;
    struct bytes longer;

    make_header(2, 16, 0, ENV_CONTENT_MESSAGE);
    span = encode(&der);
    for (size_t len = 0; len < span.len; len++) {
        struct bytes cut = bytes_of(der, len);

        ck_assert_int_eq(env_header_decode((struct env_span){cut.data, len}, &decoded).reason,
                         ENV_R_BAD_HEADER);
        bytes_free(&cut);
    }
    longer = bytes_of(der, span.len);
    bytes_append(&longer, "", 1);
    ck_assert_int_eq(env_header_decode((struct env_span){longer.data, longer.len}, &decoded).reason,
                     ENV_R_BAD_HEADER);
    bytes_free(&longer);
    longer = bytes_new(ENV_HEADER_MAX + 1);
    ck_assert_int_eq(env_header_decode((struct env_span){longer.data, longer.len}, &decoded).reason,
                     ENV_R_HEADER_TOO_LONG);
    bytes_free(&longer);
    OPENSSL_free(der);
    ck_assert_uint_eq(ERR_peek_error(), 0); /* the ASN.1 reader's notes are not left behind */
}
END_TEST

/* HMAC-SHA-256 under HKDF-Expand-SHA-384(DEK, label), by libcrypto's KDF instead of ours. */
static void mac_beside(struct env_span der, uint8_t mac[32])
{
    char digest[] = "SHA384";
    char label[] = "envelope header MAC v1";
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    uint8_t key[32];
    size_t mac_len = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, &mode),
                           OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, dek, sizeof(dek)),
                           OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, label, sizeof(label) - 1),
                           OSSL_PARAM_END};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

    ck_assert_int_eq(EVP_KDF_derive(ctx, key, sizeof(key), params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    ck_assert_ptr_nonnull(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, sizeof(key), der.data,
                                    der.len - 32, mac, 32, &mac_len));
    ck_assert_uint_eq(mac_len, 32);
}

START_TEST(the_mac_is_what_the_format_says)
{
    uint8_t *der;
    uint8_t mac[32];
    struct env_span span;

    make_header(3, 16, 0, ENV_CONTENT_MESSAGE);
    span = encode(&der);
    mac_beside(span, mac);
    ck_assert_mem_eq(der + span.len - 32, mac, 32);
    OPENSSL_free(der);
}
END_TEST

START_TEST(the_mac_covers_every_byte_before_it)
{
    uint8_t *der;
    struct env_span span;

    make_header(2, 16, 5, ENV_CONTENT_SEALED_KEY);
    span = encode(&der);
    for (size_t bit = 0; bit < 8 * span.len; bit++) {
        der[bit / 8] = (uint8_t)(der[bit / 8] ^ 1u << bit % 8);
        ck_demand(env_header_verify(crypto, span, dek).reason == ENV_R_NOT_AUTHENTIC,
                  "bit %zu is not covered", bit);
        der[bit / 8] = (uint8_t)(der[bit / 8] ^ 1u << bit % 8);
    }
    ck_assert(env_ok(env_header_verify(crypto, span, dek)));
    for (size_t bit = 0; bit < 8 * sizeof(dek); bit++) {
        dek[bit / 8] = (uint8_t)(dek[bit / 8] ^ 1u << bit % 8);
        ck_assert_int_eq(env_header_verify(crypto, span, dek).reason, ENV_R_NOT_AUTHENTIC);
        dek[bit / 8] = (uint8_t)(dek[bit / 8] ^ 1u << bit % 8);
    }
    OPENSSL_free(der);
}
END_TEST

/* Stock OpenSSL reads the recipients of what we write. */
START_TEST(libcrypto_reads_it_as_cms)
{
    uint8_t *der;
    struct env_span span;
    const unsigned char *p;
    CMS_ContentInfo *cms;
    STACK_OF(CMS_RecipientInfo) * infos;

    make_header(9, 16, 0, ENV_CONTENT_MESSAGE);
    span = encode(&der);
    p = der;
    cms = d2i_CMS_ContentInfo(NULL, &p, (long)span.len);
    ck_assert_ptr_nonnull(cms);
    ck_assert_ptr_eq(p, der + span.len);
    ck_assert_int_eq(OBJ_obj2nid(CMS_get0_type(cms)), NID_id_smime_ct_authEnvelopedData);
    infos = CMS_get0_RecipientInfos(cms);
    ck_assert_int_eq(sk_CMS_RecipientInfo_num(infos), 9);
    for (int i = 0; i < 9; i++) {
        ASN1_OCTET_STRING *id = NULL;
        CMS_RecipientInfo *info = sk_CMS_RecipientInfo_value(infos, i);
        uint8_t expected[16];

        ck_assert_int_eq(CMS_RecipientInfo_type(info), CMS_RECIPINFO_KEK);
        ck_assert_int_eq(CMS_RecipientInfo_kekri_get0_id(info, NULL, &id, NULL, NULL, NULL), 1);
        ck_assert_int_eq(ASN1_STRING_length(id), 16);
        memset(expected, ASN1_STRING_get0_data(id)[0], 16);
        ck_assert_int_lt(expected[0], 9);
        ck_assert_mem_eq(ASN1_STRING_get0_data(id), expected, 16);
    }
    CMS_ContentInfo_free(cms);
    OPENSSL_free(der);
}
END_TEST

static void encoding_refused(enum env_reason reason)
{
    uint8_t *der = NULL;
    size_t len = 0;

    ck_assert_int_eq(env_header_encode(crypto, &header, dek, &der, &len).reason, reason);
    ck_assert_ptr_null(der);
}

/* What one recipient is called becomes what another is. */
static void give_the_same_id(uint8_t *der, size_t len, uint8_t from, uint8_t to)
{
    uint8_t old[16];
    uint8_t *at;

    memset(old, from, sizeof(old));
    at = memmem(der, len, old, sizeof(old));
    ck_assert_ptr_nonnull(at);
    memset(at, to, sizeof(old));
}

/* Two recipients with one kind and reference, which our writer never makes. */
START_TEST(a_recipient_that_is_there_twice_is_refused)
{
    uint8_t *der;

    for (int again = 0; again < 2; again++) { /* the second time by what the thread has learnt */
        struct env_span span;

        make_header(2, 16, 0, ENV_CONTENT_MESSAGE);
        span = encode(&der);
        check_decoded(span);
        give_the_same_id(der, span.len, 1, 0);
        ck_assert_int_eq(env_header_decode(span, &decoded).reason, ENV_R_DUPLICATE_RECIPIENT);
        OPENSSL_free(der);
    }
    make_header(2, 16, 0, ENV_CONTENT_MESSAGE);
    header.recipients[1].id = header.recipients[0].id;
    encoding_refused(ENV_R_DUPLICATE_RECIPIENT);
    /* an AES and an RSA KEK may share a reference */
    header.recipients[1].wrapped.alg = ENV_WRAP_RSA_OAEP_SHA1;
    header.recipients[1].wrapped.len = 384;
    memset(header.recipients[1].wrapped.data, 1, 384);
    check_decoded(encode(&der));
    OPENSSL_free(der);
}
END_TEST

/* What no keyring should ever return is not written. */
START_TEST(impossible_recipients_are_not_written)
{
    make_header(2, 16, 0, ENV_CONTENT_MESSAGE);
    header.recipients[1].id.len = 0;
    encoding_refused(ENV_R_INTERNAL);
    header.recipients[1].id.len = ENV_KEK_ID_MAX + 1;
    encoding_refused(ENV_R_INTERNAL);
    make_header(2, 16, 0, ENV_CONTENT_MESSAGE);
    header.recipients[1].wrapped.len = 39;
    encoding_refused(ENV_R_INTERNAL);
    make_header(2, 16, 0, ENV_CONTENT_MESSAGE);
    header.recipients[1].wrapped.alg = ENV_WRAP_NONE;
    encoding_refused(ENV_R_INTERNAL);
    for (size_t nonce_len = 0; nonce_len <= ENV_GCM_NONCE_MAX; nonce_len++) {
        make_header(1, 16, 8, ENV_CONTENT_MESSAGE); /* AES-256-GCM */
        header.recipients[0].wrapped.nonce_len = nonce_len;
        if (!env_gcm_nonce_fits(nonce_len))
            encoding_refused(ENV_R_INTERNAL);
    }
}
END_TEST

/* A message that nobody can open must not be written, and no reader accepts it. */
START_TEST(no_or_too_many_recipients_are_not_written)
{
    make_header(0, 16, 0, ENV_CONTENT_MESSAGE);
    encoding_refused(ENV_R_INTERNAL);
    header.count = ENV_KEK_RECIPIENTS_MAX + 1;
    encoding_refused(ENV_R_INTERNAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: header codec");
    TCase *tcase = tcase_create("codec");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, what_is_written_is_read_back);
    tcase_add_test(tcase, a_named_key_keeps_its_parameters);
    tcase_add_test(tcase, the_first_bytes_tell_the_length);
    tcase_add_test(tcase, a_cut_or_extended_header_is_refused);
    tcase_add_test(tcase, the_mac_is_what_the_format_says);
    tcase_add_test(tcase, the_mac_covers_every_byte_before_it);
    tcase_add_test(tcase, libcrypto_reads_it_as_cms);
    tcase_add_test(tcase, a_recipient_that_is_there_twice_is_refused);
    tcase_add_test(tcase, impossible_recipients_are_not_written);
    tcase_add_test(tcase, no_or_too_many_recipients_are_not_written);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
