/* SPDX-License-Identifier: Apache-2.0 */
/* Headers in valid DER with values that the format does not allow. */
#include <string.h>

#include "header_tree.h"
#include "tamper.h"

START_TEST(wrong_versions_are_refused)
{
    static const struct {
        unsigned char bytes[9];
        size_t len;
    } versions[] = {{{0}, 1},
                    {{1}, 1},
                    {{2}, 1},
                    {{3}, 1},
                    {{4}, 1},
                    {{5}, 1},
                    {{0xFF}, 1},
                    {{1, 0}, 2},
                    {{0xFF, 0x7F}, 2},
                    {{0x00, 4}, 2},
                    {{1, 0, 0, 0, 0, 0, 0, 0, 4}, 9}};
    static const char *const paths[] = {"100", KEKRI "0"};

    for (size_t i = 0; i < 2; i++) {
        struct der *version = der_at(root, paths[i]);
        struct bytes right = bytes_of(version->content.data, version->content.len);

        for (size_t j = 0; j < sizeof(versions) / sizeof(versions[0]); j++) {
            if (versions[j].len == 1 && versions[j].bytes[0] == right.data[0])
                continue;
            der_set_content(version, versions[j].bytes, versions[j].len);
            ck_header_refused(ENV_R_BAD_HEADER);
        }
        der_set_content(version, right.data, right.len);
        bytes_free(&right);
    }
}
END_TEST

START_TEST(wrong_content_types_are_refused)
{
    static const unsigned char null[] = {0};
    struct bytes alone;

    header_tree_replace(CONTENT_ALGORITHM, 0, der_oid(OID_SEALED_KEY));
    ck_header_refused(ENV_R_WRONG_CONTENT);
    /* also if nothing follows, as in a sealed key */
    alone = der_encode(root);
    ck_assert_int_eq(try_to_open(libctx, alone, alone.len, plain, 0), ENV_R_WRONG_CONTENT);
    ck_assert_int_eq(try_to_open(libctx, alone, 7, plain, 0), ENV_R_WRONG_CONTENT);
    bytes_free(&alone);
    header_tree_replace(CONTENT_ALGORITHM, 0, der_oid(OID_MESSAGE));
    alone = der_encode(root);
    ck_assert_int_eq(try_to_open(libctx, alone, alone.len, plain, 0), ENV_R_TRUNCATED);
    bytes_free(&alone);

    header_tree_replace(CONTENT_ALGORITHM, 0, der_oid(OID_AES256_GCM));
    ck_header_refused(ENV_R_WRONG_CONTENT);
    header_tree_replace(CONTENT_ALGORITHM, 0,
                        der_oid("2.25.107611773213762148878469294417992592876"));
    ck_header_refused(ENV_R_WRONG_CONTENT);
    header_tree_replace(CONTENT_ALGORITHM, 0, der_oid(OID_MESSAGE ".1"));
    ck_header_refused(ENV_R_WRONG_CONTENT);
    header_tree_replace(CONTENT_ALGORITHM, 0, der_oid(OID_MESSAGE));
    der_insert(der_at(root, CONTENT_ALGORITHM), 1, der_new(0x05, NULL, 0));
    ck_header_refused(ENV_R_BAD_HEADER);
    der_remove(der_at(root, CONTENT_ALGORITHM), 1);
    der_insert(der_at(root, CONTENT_ALGORITHM), 1, der_new(0x04, null, 1));
    ck_header_refused(ENV_R_BAD_HEADER);
    der_remove(der_at(root, CONTENT_ALGORITHM), 1);
    /* a named key has parameters, and nothing else has */
    der_insert(der_at(root, CONTENT_ALGORITHM), 1, der_new(0x30, NULL, 0));
    ck_header_refused(ENV_R_BAD_HEADER);
    header_tree_replace(CONTENT_ALGORITHM, 0, der_oid(OID_NAMED_KEY));
    ck_header_refused(ENV_R_IS_NAMED_KEY);
    der_remove(der_at(root, CONTENT_ALGORITHM), 1);
    ck_header_refused(ENV_R_BAD_HEADER);
    der_insert(der_at(root, CONTENT_ALGORITHM), 1, der_new(0x04, null, 1));
    ck_header_refused(ENV_R_BAD_HEADER);
    der_insert(der_at(root, CONTENT_ALGORITHM), 1, der_new(0x30, NULL, 0));
    ck_header_refused(ENV_R_BAD_HEADER); /* two */
    der_remove(der_at(root, CONTENT_ALGORITHM), 1);
    der_remove(der_at(root, CONTENT_ALGORITHM), 1);
    header_tree_replace(CONTENT_ALGORITHM, 0, der_oid(OID_MESSAGE));
    header_tree_replace(CONTENT, 0, der_oid(OID_ENVELOPED));
    ck_header_refused(ENV_R_BAD_HEADER);
    header_tree_replace(CONTENT, 0, der_oid(OID_DATA));
    header_tree_replace("", 0, der_oid(OID_ENVELOPED));
    ck_header_refused(ENV_R_NOT_A_MESSAGE);
}
END_TEST

/* A string at a path with another length. */
static void resize(const char *path, size_t len)
{
    struct bytes content = bytes_new(len);

    memset(content.data, 0x5A, content.len);
    der_set_content(der_at(root, path), content.data, content.len);
    bytes_free(&content);
}

START_TEST(wrapped_key_and_mac_have_one_length)
{
    static const size_t wrapped[] = {0, 1, 31, 32, 39, 41, 47, 48, 49, 64, 1024, 1025};
    static const size_t macs[] = {0, 1, 12, 16, 31, 33, 48, 64};
    struct bytes right = bytes_of(der_at(root, WRAPPED)->content.data, 40);

    for (size_t i = 0; i < sizeof(wrapped) / sizeof(wrapped[0]); i++) {
        resize(WRAPPED, wrapped[i]);
        ck_header_refused(ENV_R_BAD_HEADER);
    }
    der_set_content(der_at(root, WRAPPED), right.data, right.len);
    for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
        resize(MAC, macs[i]);
        ck_header_refused(ENV_R_BAD_HEADER);
    }
    resize(MAC, 32);
    ck_header_refused(ENV_R_NOT_AUTHENTIC);
    resize(KEK_ID, 0);
    ck_header_refused(ENV_R_BAD_HEADER);
    resize(KEK_ID, 65);
    ck_header_refused(ENV_R_BAD_HEADER);
    resize(KEK_ID, 64);
    ck_header_refused(ENV_R_KEK_NOT_HERE);
    resize(KEK_ID, 1);
    ck_header_refused(ENV_R_KEK_NOT_HERE);
    bytes_free(&right);
}
END_TEST

START_TEST(unknown_wrap_algorithms_are_refused)
{
    /* known ones: the key does not unwrap, or the MAC does not verify */
    static const char *const known[] = {"2.16.840.1.101.3.4.1.5", "2.16.840.1.101.3.4.1.25",
                                        "2.16.840.1.101.3.4.1.8", "2.16.840.1.101.3.4.1.28",
                                        "2.16.840.1.101.3.4.1.48"};
    static const char *const unknown[] = {OID_AES256_CBC, "1.2.840.113549.1.9.16.3.6",
                                          "2.16.840.1.101.3.4.1.47", "1.2.840.113549.1.1.7"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        header_tree_replace(WRAP_ALGORITHM, 0, der_oid(known[i]));
        ck_header_refused(ENV_R_NOT_AUTHENTIC);
    }
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        header_tree_replace(WRAP_ALGORITHM, 0, der_oid(unknown[i]));
        ck_header_refused(ENV_R_UNSUPPORTED_RECIPIENT);
    }
    header_tree_replace(WRAP_ALGORITHM, 0, der_oid(OID_AES256_WRAP));
    der_insert(der_at(root, WRAP_ALGORITHM), 1, der_new(0x05, NULL, 0));
    ck_header_refused(ENV_R_BAD_HEADER);
}
END_TEST

/* aes256-GCM with these parameters; 48 bytes are wrapped. */
static void use_gcm(size_t nonce_len, int icv_len)
{
    struct der *algorithm = der_at(root, WRAP_ALGORITHM);
    struct bytes nonce = bytes_new(nonce_len);
    unsigned char icv = (unsigned char)icv_len;

    while (algorithm->count > 0)
        der_remove(algorithm, 0);
    der_insert(algorithm, 0, der_oid(OID_AES256_GCM));
    der_insert(algorithm, 1, der_new(0x30, NULL, 0));
    der_insert(algorithm->children[1], 0, der_new(0x04, nonce.data, nonce.len));
    if (icv_len >= 0)
        der_insert(algorithm->children[1], 1, der_new(0x02, &icv, 1));
    bytes_free(&nonce);
}

START_TEST(gcm_takes_its_nonce_and_tag_lengths_alone)
{
    static const size_t nonces[] = {0, 1, 8, 11, 13, 15, 17, 32};
    static const int icvs[] = {-1, 0, 4, 12, 13, 14, 15, 17, 32, 127};
    static const size_t wrapped[] = {16, 32, 40, 47, 49, 64};
    struct der *parameters;

    resize(WRAPPED, 48);
    use_gcm(12, 16);
    ck_header_refused(ENV_R_NOT_AUTHENTIC); /* known, as far as decoding goes */
    use_gcm(16, 16);
    ck_header_refused(ENV_R_NOT_AUTHENTIC);
    for (size_t i = 0; i < sizeof(nonces) / sizeof(nonces[0]); i++) {
        use_gcm(nonces[i], 16);
        ck_header_refused(ENV_R_BAD_HEADER);
    }
    for (size_t i = 0; i < sizeof(icvs) / sizeof(icvs[0]); i++) {
        use_gcm(12, icvs[i]); /* -1: absent, which means 12 */
        ck_header_refused(ENV_R_BAD_HEADER);
    }
    use_gcm(12, 16);
    for (size_t i = 0; i < sizeof(wrapped) / sizeof(wrapped[0]); i++) {
        resize(WRAPPED, wrapped[i]);
        ck_header_refused(ENV_R_BAD_HEADER);
    }
    resize(WRAPPED, 48);
    /* BER inside the parameters, which a decoder may keep as they came */
    parameters = der_at(root, WRAP_ALGORITHM "1");
    parameters->children[0]->length = DER_PADDED;
    ck_header_refused(ENV_R_BAD_HEADER);
    parameters->children[0]->length = DER_MINIMAL;
    parameters->length = DER_INDEFINITE;
    ck_header_refused(ENV_R_BAD_HEADER);
    parameters->length = DER_PADDED;
    ck_header_refused(ENV_R_BAD_HEADER);
    parameters->length = DER_MINIMAL;
    der_set_content(parameters->children[1], "\0\x10", 2);
    ck_header_refused(ENV_R_BAD_HEADER);
    use_gcm(12, 16);
    der_insert(der_at(root, WRAP_ALGORITHM "1"), 2, der_new(0x05, NULL, 0));
    ck_header_refused(ENV_R_BAD_HEADER);
    /* absent, NULL, and a string instead of the SEQUENCE */
    der_remove(der_at(root, WRAP_ALGORITHM), 1);
    ck_header_refused(ENV_R_BAD_HEADER);
    der_insert(der_at(root, WRAP_ALGORITHM), 1, der_new(0x05, NULL, 0));
    ck_header_refused(ENV_R_BAD_HEADER);
    header_tree_replace(WRAP_ALGORITHM, 1, der_new(0x04, "123456789012", 12));
    ck_header_refused(ENV_R_BAD_HEADER);
}
END_TEST

START_TEST(a_message_has_1_to_32_recipients)
{
    struct der *recipients = der_at(root, RECIPIENTS);

    /* copies of the one with another id each: nobody can add one without the DEK */
    for (unsigned char n = 2; n <= DER_MOST; n++) {
        struct der *copy = der_copy(recipients->children[0]);
        unsigned char id[16] = {n};

        der_set_content(der_at(copy, "10"), id, sizeof(id));
        der_insert(recipients, recipients->count, copy);
        der_sort(recipients);
        ck_header_refused(n <= 32 ? ENV_R_NOT_AUTHENTIC : ENV_R_TOO_MANY_RECIPIENTS);
    }
    while (recipients->count > 0)
        der_remove(recipients, 0);
    ck_header_refused(ENV_R_BAD_HEADER);
}
END_TEST

/* 16 KiB are read, whatever they hold; one byte more is refused by its length alone. */
START_TEST(a_header_of_16384_bytes_is_read_and_no_longer_one)
{
    struct bytes header = der_encode(root);
    /* the length fields on the way grow too: tried once, the rest is known */
    size_t len = 16000;

    bytes_free(&header);
    resize(KEK_ID, len);
    header = der_encode(root);
    len += 16384 - header.len;
    resize(KEK_ID, len);
    bytes_free(&header);
    header = der_encode(root);
    ck_assert_uint_eq(header.len, 16384);
    bytes_free(&header);
    ck_header_refused(ENV_R_BAD_HEADER); /* the id is too long */
    resize(KEK_ID, len + 1);
    ck_header_refused(ENV_R_HEADER_TOO_LONG);
    resize(KEK_ID, len + 10000);
    ck_header_refused(ENV_R_HEADER_TOO_LONG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format: values of the header's fields");
    TCase *tcase = tcase_create("fields");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, header_tree_set_up, header_tree_tear_down);
    tcase_add_test(tcase, wrong_versions_are_refused);
    tcase_add_test(tcase, wrong_content_types_are_refused);
    tcase_add_test(tcase, wrapped_key_and_mac_have_one_length);
    tcase_add_test(tcase, unknown_wrap_algorithms_are_refused);
    tcase_add_test(tcase, gcm_takes_its_nonce_and_tag_lengths_alone);
    tcase_add_test(tcase, a_message_has_1_to_32_recipients);
    tcase_add_test(tcase, a_header_of_16384_bytes_is_read_and_no_longer_one);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
