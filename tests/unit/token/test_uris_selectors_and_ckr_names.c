/* SPDX-License-Identifier: Apache-2.0 */
/* What keymgmt/ reads from and writes into text: word lists, URIs, selectors, codes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/config_list.h"
#include "envelope/base/printable.h"
#include "keymgmt/token/query.h"

START_TEST(config_lists_are_split_at_spaces)
{
    static const char *const expected[] = {"a", "bc", "pkcs11:object=x%20y"};
    const char *at = "  a\t bc pkcs11:object=x%20y ";
    struct env_word word;

    for (size_t i = 0; i < 3; i++) {
        ck_assert(env_word_next(&at, &word));
        ck_assert_uint_eq(word.len, strlen(expected[i]));
        ck_assert_mem_eq(word.text, expected[i], word.len);
    }
    ck_assert(!env_word_next(&at, &word));
}
END_TEST

static bool decode(const char *text, char *out)
{
    return env_word_decode(&(struct env_word){text, strlen(text)}, out);
}

START_TEST(percent_escapes_stand_for_bytes)
{
    char out[32];

    ck_assert(decode("my%20key%2F%c3%A4", out));
    ck_assert_str_eq(out, "my key/\xc3\xa4");
    ck_assert(!decode("100%", out));
    ck_assert(!decode("a%2", out));
    ck_assert(!decode("a%zz", out));
    ck_assert(!decode("a%00b", out));
}
END_TEST

START_TEST(hex_is_read_with_and_without_colons)
{
    static const uint8_t expected[] = {0x01, 0xab, 0xff};
    static const char *const good[] = {"01abff", "01:AB:FF", "01ABff"};
    static const char *const bad[] = {"",       "0",     "01a",   "01abfx",
                                      "01::ab", "01ab:", ":01ab", "orders"};
    uint8_t out[4];
    size_t len;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const struct env_word word = {good[i], strlen(good[i])};

        ck_assert(env_word_hex(&word, out, sizeof(out), &len));
        ck_assert_uint_eq(len, 3);
        ck_assert_mem_eq(out, expected, 3);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct env_word word = {bad[i], strlen(bad[i])};

        ck_assert_msg(!env_word_hex(&word, out, sizeof(out), &len), "%s", bad[i]);
    }
    ck_assert(!env_word_hex(&(struct env_word){"0102030405", 10}, out, sizeof(out), &len));
}
END_TEST

START_TEST(a_shown_uri_has_no_pin)
{
    static const char *const uris[] = {
        "pkcs11:token=t?pin-value=4711",
        "pkcs11:token=t;pin-value=4711",
        "pkcs11:token=t;PIN-VALUE=4711;x=y",
        "pkcs11:token=t?module-name=m&pin-value=4711",
        "pkcs11:?pin-value=4711",
        "pkcs11:pin-value=4711",
        "pkcs11:token=t?pin-source=file:/4711",
        "pkcs11:token=t;pi n-value=4711", /* p11-kit reads it as one word */
        "pkcs11:token=t;p\ni n -value=4711",
        "pkcs11:token=t;pin=4711",
        "pkcs11:token=t?module-name=m& pin_value=4711",
    };
    char shown[ENV_URI_TEXT];
    char small[16];

    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        env_uri_shown(shown, sizeof(shown), uris[i]);
        ck_assert_ptr_null(strstr(shown, "4711"));
        ck_assert_int_eq(strncmp(shown, "pkcs11:", 7), 0);
    }
    env_uri_shown(shown, sizeof(shown), "pkcs11:token=spin;object=pin");
    ck_assert_str_eq(shown, "pkcs11:token=spin;object=pin");
    env_uri_shown(shown, sizeof(shown), "pkcs11:token=t\n");
    ck_assert_str_eq(shown, "pkcs11:token=t?");
    env_uri_shown(small, sizeof(small), "pkcs11:token=a-long-name");
    ck_assert_str_eq(small, "pkcs11:token...");
    env_uri_shown(small, sizeof(small), "pkcs11:token=15");
    ck_assert_str_eq(small, "pkcs11:token=15");
}
END_TEST

START_TEST(bad_uris_are_named_by_their_key)
{
    static const char *const bad[] = {
        "pkcs11:token",
        "pkcs11:token=%zz",
        "pkcs11:lable=x",
        "pkcs11:object=x;type=secret",
        "pkcs11:token=t?pin-value",
        "pkcs11:token=t?module-name=softhsm2",
        "pkcs11:token=t?module-path=/usr/lib/softhsm/libsofthsm2.so",
    };
    struct env_error_detail detail;
    P11KitUri *uri = NULL;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(env_uri_parse(bad[i], "token", &uri, &detail).reason,
                         ENV_R_CONFIG_BAD_URI);
        ck_assert_int_eq(strncmp(detail.text, "token: ", 7), 0);
    }
}
END_TEST

START_TEST(selectors_are_labels_or_uris)
{
    struct env_query query;
    struct env_error_detail detail;

    ck_assert(env_ok(env_query_from_text(&query, "orders", &detail)));
    ck_assert(query.by_label);
    ck_assert_str_eq(query.label, "orders");
    ck_assert_ptr_null(query.uri);
    env_query_clear(&query);

    ck_assert(env_ok(env_query_from_text(
        &query, "PKCS11:token=t;object=a%20b;id=%01%ab;type=secret-key?pin-value=1", &detail)));
    ck_assert_str_eq(query.label, "a b");
    ck_assert_uint_eq(query.id.len, 2);
    ck_assert_uint_eq(query.id.bytes[1], 0xab);
    ck_assert_ptr_null(strstr(query.uri_text, "pin-value"));
    ck_assert_ptr_null(p11_kit_uri_get_pin_value(query.uri));
    env_query_clear(&query);

    ck_assert_int_eq(env_query_from_text(&query, "pkcs11:object=a;type=public", &detail).reason,
                     ENV_R_CONFIG_BAD_URI);
    ck_assert_int_eq(env_query_from_text(&query, "pkcs11:id=", &detail).reason,
                     ENV_R_CONFIG_BAD_URI);
}
END_TEST

START_TEST(a_label_of_a_selector_is_bounded)
{
    struct env_query query;
    struct env_error_detail detail;
    char label[ENV_LABEL_MAX + 2];

    memset(label, 'x', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    ck_assert_int_eq(env_query_from_text(&query, label, &detail).reason, ENV_R_KEK_NOT_FOUND);
    ck_assert(env_ok(env_query_from_text(&query, label + 1, &detail)));
    env_query_clear(&query);
    ck_assert_int_eq(env_query_from_text(&query, "", &detail).reason, ENV_R_KEK_NOT_FOUND);
}
END_TEST

START_TEST(open_kek_is_labels_or_ids)
{
    const struct env_kek_id id = {2, {0x01, 0xab}};

    ck_assert(env_open_kek_allows(NULL, "x", &id));
    ck_assert(env_open_kek_allows("a orders b", "orders", &id));
    ck_assert(env_open_kek_allows("my%20key", "my key", &id));
    ck_assert(env_open_kek_allows("01ab", "x", &id));
    ck_assert(env_open_kek_allows("zz 01:AB", "", &id));
    ck_assert(!env_open_kek_allows("01abcd", "x", &id));
    ck_assert(!env_open_kek_allows("01", "x", &id));
    ck_assert(!env_open_kek_allows("orders2 order", "orders", &id));
    ck_assert(!env_open_kek_allows("", "", &id));
    /* a label that looks like another key's id is still that label */
    ck_assert(env_open_kek_allows("ffff", "ffff", &id));
}
END_TEST

START_TEST(ckr_codes_have_names)
{
    ck_assert_str_eq(env_ckr_name(CKR_PIN_INCORRECT), "CKR_PIN_INCORRECT");
    ck_assert_str_eq(env_ckr_name(ENV_CKR_AEAD_DECRYPT_FAILED), "CKR_AEAD_DECRYPT_FAILED");
    ck_assert_str_eq(env_ckr_name(CKR_VENDOR_DEFINED | 1), "vendor-defined code");
    ck_assert_str_eq(env_ckr_name(0x7777), "unknown code");
}
END_TEST

START_TEST(hex_in_messages_is_bounded)
{
    uint8_t bytes[100];
    char text[ENV_HEX_TEXT];

    memset(bytes, 0xa5, sizeof(bytes));
    env_hex(text, sizeof(text), bytes, 64);
    ck_assert_uint_eq(strlen(text), 128);
    env_hex(text, sizeof(text), bytes, 100);
    ck_assert_str_eq(text + 128, " and 36 more");
    env_hex(text, sizeof(text), bytes, 0);
    ck_assert_str_eq(text, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: URIs, selectors and names of codes");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, config_lists_are_split_at_spaces);
    tcase_add_test(tc, percent_escapes_stand_for_bytes);
    tcase_add_test(tc, hex_is_read_with_and_without_colons);
    tcase_add_test(tc, a_shown_uri_has_no_pin);
    tcase_add_test(tc, bad_uris_are_named_by_their_key);
    tcase_add_test(tc, selectors_are_labels_or_uris);
    tcase_add_test(tc, a_label_of_a_selector_is_bounded);
    tcase_add_test(tc, open_kek_is_labels_or_ids);
    tcase_add_test(tc, ckr_codes_have_names);
    tcase_add_test(tc, hex_in_messages_is_bounded);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
