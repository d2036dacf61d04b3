/* SPDX-License-Identifier: Apache-2.0 */
/* KEKs as EVP_PKEYs: made, duplicated, compared, written, read, never exported. */
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <string.h>

#include "kek_pkey.h"

static OSSL_LIB_CTX *libctx;

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
}

static void tear_down(void)
{
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/* ---- made ---- */

static EVP_PKEY *generate(EVP_PKEY_CTX *ctx)
{
    EVP_PKEY *pkey = NULL;

    if (EVP_PKEY_generate(ctx, &pkey) != 1)
        ck_assert_ptr_null(pkey);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static void set(EVP_PKEY_CTX *ctx, const char *name, const char *value)
{
    ck_assert_int_eq(EVP_PKEY_CTX_ctrl_str(ctx, name, value), 1);
}

START_TEST(a_kek_is_made)
{
    EVP_PKEY_CTX *ctx = kek_keygen_ctx(libctx, NULL);
    EVP_PKEY *pkey;
    char text[300];
    unsigned char id[64];
    size_t len = 0;

    fake_keks[3].absent = true;
    set(ctx, "label", "made here");
    set(ctx, "type", "aes");
    set(ctx, "bits", "256");
    set(ctx, "token", "fake");
    set(ctx, "id", "00:01fe");
    set(ctx, "same-label", "no");
    pkey = generate(ctx);
    ck_assert_ptr_nonnull(pkey);
    ck_assert_int_eq(EVP_PKEY_is_a(pkey, "ENVELOPE-KEK"), 1);
    ck_assert_int_eq(EVP_PKEY_get_bits(pkey), 256);
    ck_assert_int_eq(EVP_PKEY_get_security_bits(pkey), 256);
    ck_assert_int_ge(EVP_PKEY_get_size(pkey), 65536);
    ck_assert_int_eq(EVP_PKEY_get_utf8_string_param(pkey, "label", text, sizeof(text), NULL), 1);
    ck_assert_str_eq(text, "made here");
    ck_assert_int_eq(EVP_PKEY_get_utf8_string_param(pkey, "token", text, sizeof(text), NULL), 1);
    ck_assert_str_eq(text, "fake");
    ck_assert_int_eq(EVP_PKEY_get_utf8_string_param(pkey, "type", text, sizeof(text), NULL), 1);
    ck_assert_str_eq(text, "AES");
    ck_assert_int_eq(EVP_PKEY_get_utf8_string_param(pkey, "uri", text, sizeof(text), NULL), 1);
    ck_assert_str_eq(text, "pkcs11:token=fake;object=made here;type=secret-key");
    ck_assert_int_eq(EVP_PKEY_get_octet_string_param(pkey, "id", id, sizeof(id), &len), 1);
    ck_assert_uint_eq(len, 3);
    ck_assert_mem_eq(id, "\x00\x01\xfe", 3);
    EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(making_one_fails_with_its_reason)
{
    ERR_clear_error();
    ck_assert_ptr_null(generate(kek_keygen_ctx(libctx, NULL)));
    ck_assert_int_eq(caller_reason(), ENV_R_LABEL_MISSING);
    ck_assert_ptr_null(generate(kek_keygen_ctx(libctx, "")));
    ck_assert_int_eq(caller_reason(), ENV_R_LABEL_MISSING);
    ck_assert_ptr_null(generate(kek_keygen_ctx(libctx, "kek1")));
    ck_assert_int_eq(caller_reason(), ENV_R_KEK_EXISTS);
    ck_assert_ptr_null(generate(kek_keygen_ctx(libctx, "another")));
    ck_assert_int_eq(caller_reason(), ENV_R_KEK_NOT_MADE);
}
END_TEST

START_TEST(bad_parameters_are_refused)
{
    static const char *const bad[][2] = {
        {"type", "DES"}, {"type", ""}, {"same-label", "true"}, {"id", ""},
        {"id", "0"},     {"id", "xy"}, {"id", "0102 03"},      {"id", "01:02:"},
    };
    EVP_PKEY_CTX *ctx = kek_keygen_ctx(libctx, "orders");
    char id[131];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_refused(EVP_PKEY_CTX_ctrl_str(ctx, bad[i][0], bad[i][1]) == 1, ENV_R_BAD_PARAMETER);
    memset(id, 'a', 130);
    id[130] = '\0';
    ck_refused(EVP_PKEY_CTX_ctrl_str(ctx, "id", id) == 1, ENV_R_BAD_PARAMETER);
    id[128] = '\0';
    set(ctx, "id", id);
    EVP_PKEY_CTX_free(ctx);
}
END_TEST

START_TEST(there_are_no_domain_parameters)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, "ENVELOPE-KEK", NULL);

    ck_assert_int_le(EVP_PKEY_paramgen_init(ctx), 0);
    EVP_PKEY_CTX_free(ctx);
}
END_TEST

/* ---- kept ---- */

START_TEST(duplicates_and_references_are_one_key)
{
    EVP_PKEY *pkey = kek_load(libctx, "kek0");
    EVP_PKEY *other = kek_load(libctx, "kek1");
    EVP_PKEY *again = kek_load(libctx, "kek0");
    EVP_PKEY *copy = EVP_PKEY_dup(pkey);

    ck_assert_ptr_nonnull(copy);
    ck_assert_int_eq(EVP_PKEY_eq(pkey, copy), 1);
    ck_assert_int_eq(EVP_PKEY_eq(pkey, again), 1);
    ck_assert_int_eq(EVP_PKEY_eq(pkey, other), 0);
    ck_assert_int_eq(EVP_PKEY_parameters_eq(pkey, other), 0);
    ck_assert_int_eq(EVP_PKEY_up_ref(pkey), 1);
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(pkey);
    ck_assert_int_eq(EVP_PKEY_get_bits(copy), 256); /* outlives what it came from */
    EVP_PKEY_free(copy);
    EVP_PKEY_free(other);
    EVP_PKEY_free(again);
}
END_TEST

static int count_params(const OSSL_PARAM params[], void *arg)
{
    (void)params;
    ++*(int *)arg;
    return 1;
}

START_TEST(nothing_comes_out)
{
    EVP_PKEY *pkey = kek_load(libctx, "kek0");
    unsigned char raw[64];
    size_t len = sizeof(raw);
    OSSL_PARAM *params = NULL;
    int exports = 0;

    ck_refused(EVP_PKEY_export(pkey, EVP_PKEY_KEYPAIR, count_params, &exports),
               ENV_R_KEK_NO_EXPORT);
    ck_refused(EVP_PKEY_export(pkey, EVP_PKEY_PUBLIC_KEY, count_params, &exports),
               ENV_R_KEK_NO_EXPORT);
    ck_assert_int_eq(exports, 0);
    ck_refused(EVP_PKEY_todata(pkey, EVP_PKEY_KEYPAIR, &params), ENV_R_KEK_NO_EXPORT);
    ck_assert_ptr_null(params);
    ck_assert_int_eq(EVP_PKEY_get_raw_private_key(pkey, raw, &len), 0);
    EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(nothing_is_imported)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, "ENVELOPE-KEK", NULL);
    unsigned char id[] = {1};
    OSSL_PARAM params[] = {OSSL_PARAM_octet_string("id", id, sizeof(id)), OSSL_PARAM_END};
    EVP_PKEY *pkey = NULL;

    ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
    ck_refused(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params), ENV_R_KEK_NO_IMPORT);
    ck_assert_ptr_null(pkey);
    EVP_PKEY_CTX_free(ctx);
}
END_TEST

/* ---- written and read ---- */

START_TEST(a_reference_goes_round)
{
    static const char *const types[] = {"PEM", "DER"};
    EVP_PKEY *pkey = kek_load(libctx, "kek2");

    for (size_t i = 0; i < 2; i++) {
        struct bytes out = kek_encode(pkey, EVP_PKEY_KEYPAIR, types[i], "PrivateKeyInfo");
        EVP_PKEY *back = kek_decode(libctx, out, types[i]);

        ck_assert_ptr_nonnull(back);
        ck_assert_int_eq(EVP_PKEY_eq(pkey, back), 1);
        EVP_PKEY_free(back);
        bytes_free(&out);
    }
    EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(a_reference_is_read_from_among_other_pem)
{
    EVP_PKEY *pkey = kek_load(libctx, "kek2");
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(libctx, NULL, "RSA", (size_t)1024);
    EVP_PKEY *first;
    EVP_PKEY *second;

    ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, rsa, NULL, NULL, 0, NULL, NULL), 1);
    ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    first = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, libctx, NULL);
    ck_assert_ptr_nonnull(first);
    ck_assert_int_eq(EVP_PKEY_eq(first, rsa), 1);
    second = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, libctx, NULL);
    ck_assert_ptr_nonnull(second);
    ck_assert_int_eq(EVP_PKEY_eq(second, pkey), 1);
    EVP_PKEY_free(first);
    EVP_PKEY_free(second);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
}
END_TEST

START_TEST(the_text_says_it_all)
{
    static const char *const lines[] = {
        "Token: fake\n",          "Label: kek2\n",
        "Type: AES, 256 bits\n",  "Reference: a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2\n",
        "Allowed: wrap unwrap\n", "Wraps with: AES-KW (C_WrapKey, C_UnwrapKey)\n",
        "Sensitive: yes (",       "Extractable: no (",
    };
    EVP_PKEY *pkey = kek_load(libctx, "kek2");
    struct bytes text = kek_encode(pkey, EVP_PKEY_KEYPAIR, "TEXT", NULL);

    bytes_append(&text, "", 1);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        ck_assert_ptr_nonnull(strstr((const char *)text.data, lines[i]));
    bytes_free(&text);
    EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(an_aes_kek_has_no_public_half)
{
    EVP_PKEY *pkey = kek_load(libctx, "kek2");
    BIO *bio = BIO_new(BIO_s_mem());

    ck_refused(PEM_write_bio_PUBKEY(bio, pkey), ENV_R_NO_PUBLIC_HALF);
    ck_assert_int_eq(BIO_pending(bio), 0);
    ck_assert_int_lt(i2d_PUBKEY_bio(bio, pkey), 1);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(a_reference_to_a_missing_key_is_not_found)
{
    EVP_PKEY *pkey = kek_load(libctx, "kek2");
    struct bytes pem = kek_encode(pkey, EVP_PKEY_KEYPAIR, "PEM", "PrivateKeyInfo");

    EVP_PKEY_free(pkey);
    fake_keks[2].absent = true;
    ERR_clear_error();
    ck_assert_ptr_null(kek_decode(libctx, pem, "PEM"));
    ck_assert_int_eq(caller_reason(), ENV_R_KEK_NOT_FOUND);
    bytes_free(&pem);
}
END_TEST

/* Bytes of a short reference before its URI: the sequence's head, the magic string, a head. */
#define URI_AT (2 + 2 + 24 + 2)

START_TEST(an_altered_reference_is_refused_or_finds_nothing)
{
    EVP_PKEY *pkey = kek_load(libctx, "kek2");
    struct bytes der = kek_encode(pkey, EVP_PKEY_KEYPAIR, "DER", "PrivateKeyInfo");

    for (size_t i = 0; i < der.len; i++) {
        unsigned char flip = (unsigned char)(1u << i % 8);
        EVP_PKEY *back;

        der.data[i] ^= flip;
        back = kek_decode(libctx, der, "DER");
        if (back != NULL) /* another label, or what the fake does not look at */
            ck_assert_uint_ge(i, URI_AT);
        EVP_PKEY_free(back);
        der.data[i] ^= flip;
    }
    for (size_t len = 0; len < der.len; len++)
        ck_assert_ptr_null(kek_decode(libctx, (struct bytes){.data = der.data, .len = len}, "DER"));
    bytes_append(&der, "", 1);
    ck_assert_ptr_null(kek_decode(libctx, der, "DER"));
    bytes_free(&der);
    EVP_PKEY_free(pkey);
}
END_TEST

static void put(struct bytes *der, unsigned char tag, const char *text)
{
    size_t len = strlen(text);
    unsigned char head[] = {tag, 0x82, (unsigned char)(len >> 8), (unsigned char)len};

    if (len < 128)
        head[1] = (unsigned char)len;
    bytes_append(der, head, len < 128 ? 2 : 4);
    bytes_append(der, text, len);
}

/* A reference with this URI, as PEM. */
static struct bytes refer(const char *uri)
{
    struct bytes body = bytes_new(0);
    struct bytes der = bytes_new(0);
    struct bytes out;
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    unsigned char head[4] = {0x30, 0x82};
    long len;

    put(&body, 0x13, "ENVELOPE KEK REFERENCE 1");
    put(&body, 0x0c, uri);
    head[2] = (unsigned char)(body.len >> 8);
    head[3] = (unsigned char)body.len;
    if (body.len < 128) {
        head[1] = (unsigned char)body.len;
        bytes_append(&der, head, 2);
    } else if (body.len < 256) {
        head[1] = 0x81;
        head[2] = (unsigned char)body.len;
        bytes_append(&der, head, 3);
    } else {
        bytes_append(&der, head, 4);
    }
    bytes_append(&der, body.data, body.len);
    ck_assert_int_gt(PEM_write_bio(bio, "ENVELOPE KEK REFERENCE", "", der.data, (long)der.len), 0);
    len = BIO_get_mem_data(bio, &data);
    out = bytes_of(data, (size_t)len);
    BIO_free(bio);
    bytes_free(&body);
    bytes_free(&der);
    return out;
}

START_TEST(uris_that_a_reference_may_not_have_are_refused)
{
    static const char *const bad[] = {
        "",
        "kek2",
        "envelope:object=kek2",
        "pkcs11:",
        "pkcs11:token=fake",
        "pkcs11:object=kek2?pin-value=1234",
        "pkcs11:object=kek2?pin-source=file:pin",
        "pkcs11:object=kek2;x=%zz",
        "pkcs11:object=kek2;unknown=1",
        "pkcs11:object=kek2;object=\xff\xfe",
    };
    struct bytes pem = refer("pkcs11:object=kek2");
    EVP_PKEY *pkey = kek_decode(libctx, pem, "PEM");
    char longest[1400];

    ck_assert_ptr_nonnull(pkey);
    EVP_PKEY_free(pkey);
    bytes_free(&pem);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        pem = refer(bad[i]);
        ERR_clear_error();
        ck_assert_ptr_null(kek_decode(libctx, pem, "PEM"));
        ck_assert_int_eq(caller_reason(), ENV_R_BAD_REFERENCE);
        bytes_free(&pem);
    }
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memcpy(longest, "pkcs11:object=", 14);
    pem = refer(longest);
    ERR_clear_error();
    ck_assert_ptr_null(kek_decode(libctx, pem, "PEM"));
    ck_assert_int_eq(caller_reason(), ENV_R_BAD_REFERENCE);
    bytes_free(&pem);
}
END_TEST

/* ---- found ---- */

static size_t count_store(const char *uri, int expect)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info;
    size_t count = 0;

    ck_assert_ptr_nonnull(store);
    if (expect != 0)
        ck_assert_int_eq(OSSL_STORE_expect(store, expect), 1);
    while (!OSSL_STORE_eof(store)) {
        info = OSSL_STORE_load(store);
        if (info == NULL)
            break;
        ck_assert_int_eq(OSSL_STORE_INFO_get_type(info), OSSL_STORE_INFO_PKEY);
        OSSL_STORE_INFO_free(info);
        count++;
    }
    ck_assert_int_eq(OSSL_STORE_close(store), 1);
    return count;
}

START_TEST(a_store_lists_keks)
{
    fake_keks[5].absent = true;
    ck_assert_uint_eq(count_store("envelope:token=fake", 0), FAKE_KEKS - 1);
    ck_assert_uint_eq(count_store("envelope:", OSSL_STORE_INFO_PKEY), FAKE_KEKS - 1);
    ck_assert_uint_eq(count_store("envelope:", OSSL_STORE_INFO_CERT), 0);
    ck_assert_uint_eq(count_store("envelope:object=kek7", 0), 1);
    ERR_clear_error();
    ck_assert_uint_eq(count_store("envelope:object=kek5", 0), 0);
    ck_assert_int_eq(caller_reason(), ENV_R_KEK_NOT_FOUND);
    ck_assert_uint_eq(count_store("envelope:object", 0), 0);
    ck_assert_int_eq(caller_reason(), ENV_R_CONFIG_BAD_URI);
    ck_assert_ptr_null(
        OSSL_STORE_open_ex("pkcs11:object=kek7", libctx, NULL, NULL, NULL, NULL, NULL, NULL));
}
END_TEST

START_TEST(a_store_can_be_closed_half_way)
{
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex("envelope:", libctx, NULL, NULL, NULL, NULL, NULL, NULL);

    ck_assert_ptr_nonnull(store);
    OSSL_STORE_INFO_free(OSSL_STORE_load(store));
    OSSL_STORE_INFO_free(OSSL_STORE_load(store));
    ck_assert_int_eq(OSSL_STORE_close(store), 1);
}
END_TEST

/* ---- the end ---- */

static int unload(OSSL_PROVIDER *provider, void *arg)
{
    (void)arg;
    return strcmp(OSSL_PROVIDER_get0_name(provider), "envelope") != 0 ||
           OSSL_PROVIDER_unload(provider);
}

START_TEST(a_key_outlives_the_provider)
{
    EVP_PKEY *pkey = kek_load(libctx, "kek0");

    ck_assert_int_eq(OSSL_PROVIDER_do_all(libctx, unload, NULL), 1);
    ck_assert_int_eq(EVP_PKEY_get_bits(pkey), 256);
    EVP_PKEY_free(pkey);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: KEKs as EVP_PKEY");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_kek_is_made);
    tcase_add_test(tcase, making_one_fails_with_its_reason);
    tcase_add_test(tcase, bad_parameters_are_refused);
    tcase_add_test(tcase, there_are_no_domain_parameters);
    tcase_add_test(tcase, duplicates_and_references_are_one_key);
    tcase_add_test(tcase, nothing_comes_out);
    tcase_add_test(tcase, nothing_is_imported);
    tcase_add_test(tcase, a_reference_goes_round);
    tcase_add_test(tcase, a_reference_is_read_from_among_other_pem);
    tcase_add_test(tcase, the_text_says_it_all);
    tcase_add_test(tcase, an_aes_kek_has_no_public_half);
    tcase_add_test(tcase, a_reference_to_a_missing_key_is_not_found);
    tcase_add_test(tcase, an_altered_reference_is_refused_or_finds_nothing);
    tcase_add_test(tcase, uris_that_a_reference_may_not_have_are_refused);
    tcase_add_test(tcase, a_store_lists_keks);
    tcase_add_test(tcase, a_store_can_be_closed_half_way);
    tcase_add_test(tcase, a_key_outlives_the_provider);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
