/* SPDX-License-Identifier: Apache-2.0 */
/* RSA recipients: what the writer writes, and that everything else is refused. */
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "header_tree.h"
#include "tamper.h"

#define KTRI "1010"
#define VERSION KTRI "0"
#define RID KTRI "1"
#define PARAMS WRAP_ALGORITHM "1"

#define OID_RSA "1.2.840.113549.1.1.1"
#define OID_OAEP "1.2.840.113549.1.1.7"
#define OID_MGF1 "1.2.840.113549.1.1.8"
#define OID_P_SPECIFIED "1.2.840.113549.1.1.9"
#define OID_SHA1 "1.3.14.3.2.26"
#define OID_SHA256 "2.16.840.1.101.3.4.2.1"
#define OID_SHA384 "2.16.840.1.101.3.4.2.2"

static const enum env_wrap_alg algs[] = {ENV_WRAP_RSA_OAEP_SHA1, ENV_WRAP_RSA_OAEP_SHA256};

static void use_rsa(enum env_wrap_alg alg)
{
    fake_make_rsa(0, alg, "rsa/kek-3072.pem");
    header_tree_seal(1);
}

/* ---- RSAES-OAEP-params put together ---- */

static struct der *sequence(struct der *a, struct der *b)
{
    struct der *der = der_new(0x30, NULL, 0);

    der_insert(der, 0, a);
    if (b != NULL)
        der_insert(der, 1, b);
    return der;
}

static struct der *null(void)
{
    return der_new(0x05, NULL, 0);
}

static struct der *tagged(unsigned char tag, struct der *child)
{
    struct der *der = der_new(tag, NULL, 0);

    der_insert(der, 0, child);
    return der;
}

static struct der *hash(const char *oid, bool with_null)
{
    return tagged(0xA0, sequence(der_oid(oid), with_null ? null() : NULL));
}

static struct der *mask(const char *oid, const char *hash_oid, bool with_null)
{
    return tagged(0xA1,
                  sequence(der_oid(oid), sequence(der_oid(hash_oid), with_null ? null() : NULL)));
}

static struct der *label(const char *text)
{
    return tagged(0xA2, sequence(der_oid(OID_P_SPECIFIED), der_new(0x04, text, strlen(text))));
}

/* The parameters are these, each of which may be NULL. */
static void set_params(struct der *a, struct der *b, struct der *c)
{
    struct der *algorithm = der_at(root, WRAP_ALGORITHM);
    struct der *params = der_new(0x30, NULL, 0);
    struct der *fields[] = {a, b, c};

    for (size_t i = 0; i < 3; i++) {
        if (fields[i] != NULL)
            der_insert(params, params->count, fields[i]);
    }
    if (algorithm->count > 1)
        der_remove(algorithm, 1);
    der_insert(algorithm, 1, params);
}

static void refused(struct der *a, struct der *b, struct der *c)
{
    set_params(a, b, c);
    ck_header_refused(ENV_R_OAEP_PARAMETERS);
}

static void opens(void)
{
    struct bytes message = whole_message();
    struct bytes opened = caller_open(libctx, message);

    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_mem_eq(opened.data, plain.data, plain.len);
    bytes_free(&message);
    bytes_free(&opened);
}

/* ---- tests ---- */

/* As RFC 8017, RFC 4055 and OpenSSL's own CMS have it. */
START_TEST(oaep_parameters_are_written_as_cms_has_them)
{
    static const unsigned char sha1[] = {0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                                         0xF7, 0x0D, 0x01, 0x01, 0x07, 0x30, 0x00};
    static const unsigned char sha256[] = {
        0x30, 0x38, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x07, 0x30, 0x2B,
        0xA0, 0x0D, 0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0xA1, 0x1A, 0x30, 0x18, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08,
        0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
    const struct {
        const unsigned char *der;
        size_t len;
    } wanted[] = {{sha1, sizeof(sha1)}, {sha256, sizeof(sha256)}};

    for (size_t i = 0; i < 2; i++) {
        struct bytes algorithm;

        use_rsa(algs[i]);
        algorithm = der_encode(der_at(root, WRAP_ALGORITHM));
        ck_assert_uint_eq(algorithm.len, wanted[i].len);
        ck_assert_mem_eq(algorithm.data, wanted[i].der, algorithm.len);
        ck_assert_int_eq(der_at(root, KTRI)->tag, 0x30);
        ck_assert_uint_eq(der_at(root, KTRI)->count, 4);
        ck_assert_int_eq(der_at(root, VERSION)->content.data[0], 2);
        ck_assert_int_eq(der_at(root, RID)->tag, 0x80);
        ck_assert_uint_eq(der_at(root, RID)->content.len, 16);
        ck_assert_int_eq(der_at(root, RID)->content.data[0], 0xA0);
        ck_assert_uint_eq(der_at(root, WRAPPED)->content.len, 384);
        bytes_free(&algorithm);
        opens();
    }
}
END_TEST

START_TEST(the_two_sets_of_oaep_parameters_open)
{
    use_rsa(ENV_WRAP_RSA_OAEP_SHA256);
    set_params(hash(OID_SHA256, false), mask(OID_MGF1, OID_SHA256, false), NULL);
    opens();
    use_rsa(ENV_WRAP_RSA_OAEP_SHA1);
    set_params(NULL, NULL, NULL);
    opens();
}
END_TEST

START_TEST(other_oaep_parameters_are_refused)
{
    for (size_t i = 0; i < 2; i++) {
        use_rsa(algs[i]);
        /* another hash, and not the same in both places */
        refused(hash(OID_SHA384, false), mask(OID_MGF1, OID_SHA384, false), NULL);
        refused(hash(OID_SHA256, false), NULL, NULL);
        refused(NULL, mask(OID_MGF1, OID_SHA256, false), NULL);
        refused(hash(OID_SHA256, false), mask(OID_MGF1, OID_SHA384, false), NULL);
        refused(hash(OID_SHA384, false), mask(OID_MGF1, OID_SHA256, false), NULL);
        /* NULL where OpenSSL writes nothing */
        refused(hash(OID_SHA256, true), mask(OID_MGF1, OID_SHA256, true), NULL);
        refused(hash(OID_SHA256, false), mask(OID_MGF1, OID_SHA256, true), NULL);
        refused(hash(OID_SHA256, true), mask(OID_MGF1, OID_SHA256, false), NULL);
        /* another mask function */
        refused(hash(OID_SHA256, false), mask(OID_OAEP, OID_SHA256, false), NULL);
        /* a DEFAULT that DER leaves out */
        refused(hash(OID_SHA1, true), NULL, NULL);
        refused(hash(OID_SHA1, false), mask(OID_MGF1, OID_SHA1, false), NULL);
        refused(NULL, mask(OID_MGF1, OID_SHA1, true), NULL);
        refused(NULL, NULL, label(""));
        refused(hash(OID_SHA256, false), mask(OID_MGF1, OID_SHA256, false), label(""));
        /* a label */
        refused(NULL, NULL, label("x"));
        refused(hash(OID_SHA256, false), mask(OID_MGF1, OID_SHA256, false), label("x"));
        /* out of order, twice, and something that is no field */
        refused(mask(OID_MGF1, OID_SHA256, false), hash(OID_SHA256, false), NULL);
        refused(hash(OID_SHA256, false), hash(OID_SHA256, false),
                mask(OID_MGF1, OID_SHA256, false));
        refused(hash(OID_SHA256, false), mask(OID_MGF1, OID_SHA256, false), null());
        refused(null(), NULL, NULL);
    }
}
END_TEST

START_TEST(oaep_parameters_that_are_no_sequence_are_refused)
{
    for (size_t i = 0; i < 2; i++) {
        use_rsa(algs[i]);
        der_remove(der_at(root, WRAP_ALGORITHM), 1);
        ck_header_refused(ENV_R_OAEP_PARAMETERS);
        der_insert(der_at(root, WRAP_ALGORITHM), 1, null());
        ck_header_refused(ENV_R_OAEP_PARAMETERS);
        header_tree_replace(WRAP_ALGORITHM, 1, der_new(0x04, "\x30", 1));
        ck_header_refused(ENV_R_OAEP_PARAMETERS);
        header_tree_replace(WRAP_ALGORITHM, 1, der_new(0x31, NULL, 0));
        ck_header_refused(ENV_R_OAEP_PARAMETERS);
    }
}
END_TEST

static void every_value_in_ber(struct der *der)
{
    der->length = DER_PADDED;
    ck_header_refused(ENV_R_OAEP_PARAMETERS);
    if (der->count > 0) {
        der->length = DER_INDEFINITE;
        ck_header_refused(ENV_R_OAEP_PARAMETERS);
    }
    der->length = DER_MINIMAL;
    for (size_t i = 0; i < der->count; i++)
        every_value_in_ber(der->children[i]);
}

/* libcrypto keeps parameters as they came. */
START_TEST(oaep_parameters_in_ber_are_refused)
{
    use_rsa(ENV_WRAP_RSA_OAEP_SHA256);
    set_params(hash(OID_SHA256, false), mask(OID_MGF1, OID_SHA256, false), NULL);
    every_value_in_ber(der_at(root, PARAMS));
    opens();
}
END_TEST

START_TEST(an_rsa_recipient_of_another_version_is_refused)
{
    static const unsigned char others[] = {0, 1, 3, 4, 5, 0x82};

    use_rsa(ENV_WRAP_RSA_OAEP_SHA1);
    for (size_t i = 0; i < sizeof(others); i++) {
        der_set_content(der_at(root, VERSION), &others[i], 1);
        ck_header_refused(ENV_R_BAD_HEADER);
    }
}
END_TEST

START_TEST(the_recipient_id_is_1_to_64_bytes_of_key_identifier)
{
    static const unsigned char zeros[65];
    struct der *issuer = sequence(der_new(0x30, NULL, 0), der_new(0x02, "\1", 1));

    use_rsa(ENV_WRAP_RSA_OAEP_SHA1);
    der_set_content(der_at(root, RID), NULL, 0);
    ck_header_refused(ENV_R_BAD_HEADER);
    der_set_content(der_at(root, RID), zeros, 65);
    ck_header_refused(ENV_R_BAD_HEADER);
    der_set_content(der_at(root, RID), zeros, 64);
    ck_header_refused(ENV_R_KEK_NOT_HERE);
    der_at(root, RID)->tag = 0x81;
    ck_header_refused(ENV_R_BAD_HEADER);
    der_at(root, RID)->tag = 0x04;
    ck_header_refused(ENV_R_BAD_HEADER);
    header_tree_replace(KTRI, 1, issuer);
    ck_header_refused(ENV_R_UNSUPPORTED_RECIPIENT);
    der_set_content(der_at(root, VERSION), "\0", 1);
    ck_header_refused(ENV_R_UNSUPPORTED_RECIPIENT);
}
END_TEST

/* Each algorithm in its own kind of recipient alone. */
START_TEST(an_algorithm_in_the_other_kind_of_recipient_is_refused)
{
    static const char *const others[] = {OID_RSA, OID_AES256_WRAP, OID_AES256_GCM, OID_MGF1};

    use_rsa(ENV_WRAP_RSA_OAEP_SHA1);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        header_tree_replace(WRAP_ALGORITHM, 0, der_oid(others[i]));
        ck_header_refused(ENV_R_UNSUPPORTED_RECIPIENT);
    }
    fake_reset();
    header_tree_seal(1);
    header_tree_replace(WRAP_ALGORITHM, 0, der_oid(OID_OAEP));
    der_insert(der_at(root, WRAP_ALGORITHM), 1, der_new(0x30, NULL, 0));
    ck_header_refused(ENV_R_UNSUPPORTED_RECIPIENT);
}
END_TEST

START_TEST(an_rsa_wrapped_key_has_256_to_1024_bytes)
{
    static const struct {
        size_t len;
        int reason;
    } lengths[] = {{0, ENV_R_BAD_HEADER},      {1, ENV_R_BAD_HEADER},
                   {40, ENV_R_BAD_HEADER},     {255, ENV_R_BAD_HEADER},
                   {1025, ENV_R_BAD_HEADER},   {256, ENV_R_NOT_AUTHENTIC},
                   {383, ENV_R_NOT_AUTHENTIC}, {384, ENV_R_NOT_AUTHENTIC},
                   {385, ENV_R_NOT_AUTHENTIC}, {1024, ENV_R_NOT_AUTHENTIC}};
    static const unsigned char zeros[1025];

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        use_rsa(ENV_WRAP_RSA_OAEP_SHA256);
        der_set_content(der_at(root, WRAPPED), zeros, lengths[i].len);
        ck_header_refused(lengths[i].reason);
    }
}
END_TEST

/* The entries on the error stack, in words and without the places in the source. */
static struct bytes what_is_told(struct bytes message)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);
    struct bytes told = bytes_new(0);
    unsigned char out[8192];
    const char *data;
    unsigned long error;
    int flags;
    int n = 0;

    ERR_clear_error();
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, message.data, (int)message.len), 0);
    while ((error = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        bytes_append(&told, &error, sizeof(error));
        bytes_append(&told, data, strlen(data) + 1);
    }
    EVP_CIPHER_CTX_free(ctx);
    return told;
}

/* A bad ciphertext and a bad MAC look the same, and the token was asked in both cases. */
START_TEST(a_bad_rsa_ciphertext_is_like_a_bad_mac)
{
    static const size_t bytes[] = {0, 1, 200, 383};

    for (size_t a = 0; a < 2; a++) {
        struct bytes message;
        struct bytes wanted;
        size_t mac_at;
        size_t wrapped_at;

        use_rsa(algs[a]);
        message = whole_message();
        mac_at = place_of(message, MAC);
        wrapped_at = place_of(message, WRAPPED) + 2; /* its length has two bytes more */
        ck_assert_mem_eq(message.data + wrapped_at, der_at(root, WRAPPED)->content.data, 384);
        message.data[mac_at] ^= 1;
        wanted = what_is_told(message);
        message.data[mac_at] ^= 1;
        for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
            struct bytes told;
            int before = atomic_load(&fake_keks[0].unwraps);

            message.data[wrapped_at + bytes[i]] ^= 1;
            told = what_is_told(message);
            ck_assert_uint_eq(told.len, wanted.len);
            ck_assert_mem_eq(told.data, wanted.data, wanted.len);
            ck_assert_int_eq(atomic_load(&fake_keks[0].unwraps), before + 1);
            message.data[wrapped_at + bytes[i]] ^= 1;
            bytes_free(&told);
        }
        ck_assert_int_eq(ERR_GET_REASON(*(const unsigned long *)(const void *)wanted.data),
                         ENV_R_NOT_AUTHENTIC);
        bytes_free(&message);
        bytes_free(&wanted);
    }
}
END_TEST

/* Errors that do not depend on the ciphertext are reported unchanged. */
START_TEST(a_failing_token_is_reported_as_such)
{
    use_rsa(ENV_WRAP_RSA_OAEP_SHA1);
    fake_keks[0].fail_unwrap = true;
    ck_header_refused(ENV_R_TOKEN_FAILED);
}
END_TEST

/* AES and RSA in one message: each alone opens it. */
START_TEST(any_one_of_aes_and_rsa_recipients_opens)
{
    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    fake_make_rsa(2, ENV_WRAP_RSA_OAEP_SHA1, "rsa/kek-2048.pem");
    header_tree_seal(4);
    for (size_t present = 0; present < 4; present++) {
        for (size_t i = 0; i < 4; i++)
            fake_keks[i].absent = i != present;
        opens();
        ck_assert_int_eq(atomic_load(&fake_keks[present].unwraps), 1);
    }
    for (size_t i = 0; i < 4; i++)
        fake_keks[i].absent = true;
    ck_header_refused(ENV_R_KEK_NOT_HERE);
}
END_TEST

/* Another key under the reference: the same error as for an altered message. */
START_TEST(another_key_under_the_reference_is_not_authentic)
{
    use_rsa(ENV_WRAP_RSA_OAEP_SHA256);
    fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, "rsa/other-3072.pem");
    ck_header_refused(ENV_R_NOT_AUTHENTIC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: RSA recipients in the header");
    TCase *tcase = tcase_create("rsa");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, header_tree_set_up, header_tree_tear_down);
    tcase_add_test(tcase, oaep_parameters_are_written_as_cms_has_them);
    tcase_add_test(tcase, the_two_sets_of_oaep_parameters_open);
    tcase_add_test(tcase, other_oaep_parameters_are_refused);
    tcase_add_test(tcase, oaep_parameters_that_are_no_sequence_are_refused);
    tcase_add_test(tcase, oaep_parameters_in_ber_are_refused);
    tcase_add_test(tcase, an_rsa_recipient_of_another_version_is_refused);
    tcase_add_test(tcase, the_recipient_id_is_1_to_64_bytes_of_key_identifier);
    tcase_add_test(tcase, an_algorithm_in_the_other_kind_of_recipient_is_refused);
    tcase_add_test(tcase, an_rsa_wrapped_key_has_256_to_1024_bytes);
    tcase_add_test(tcase, a_bad_rsa_ciphertext_is_like_a_bad_mac);
    tcase_add_test(tcase, a_failing_token_is_reported_as_such);
    tcase_add_test(tcase, any_one_of_aes_and_rsa_recipients_opens);
    tcase_add_test(tcase, another_key_under_the_reference_is_not_authentic);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
