/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing KEKs on SoftHSM tokens: selectors, ambiguity, what may open, and what is missing. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "keyring_case.h"
#include "own_modules.h"

static void make(const char *token, const char *label, const char *id)
{
    softhsm_make_key(&(struct softhsm_key){.token = token, .label = label, .id = id});
}

static void assert_says(const char *text)
{
    ck_assert_msg(strstr(raised_text(), text) != NULL, "\"%s\" is not in \"%s\"", text,
                  raised_text());
}

static void assert_does_not_say(const char *text)
{
    ck_assert_msg(strstr(raised_text(), text) == NULL, "\"%s\" is in \"%s\"", text, raised_text());
}

static size_t count_said(const char *text)
{
    size_t count = 0;

    for (const char *at = raised_text(); (at = strstr(at, text)) != NULL; at += strlen(text))
        count++;
    return count;
}

START_TEST(a_kek_is_selected_by_label_uri_or_configuration)
{
    static const char *const names[] = {NULL,
                                        "orders",
                                        "pkcs11:object=orders",
                                        "pkcs11:id=%01%02",
                                        "pkcs11:token=kek;object=orders",
                                        "pkcs11:object=orders;type=secret-key;id=%01%02"};

    make("kek", "orders", "0102");
    make("kek", "other", "0304");
    keyring_set(&keyring_config()->kek, "orders");
    keyring = keyring_new();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct env_kek *kek = keyring_select_one(keyring, names[i]);
        const struct env_kek_id *id = kek->vtable->id(kek);

        ck_assert_uint_eq(id->len, 2);
        ck_assert_mem_eq(id->bytes, "\x01\x02", 2);
        assert_round_trip(kek, kek);
        env_kek_free(kek);
    }
}
END_TEST

START_TEST(a_label_is_matched_whole)
{
    make("kek", "orders", "0102");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "order"), ENV_R_KEK_NOT_FOUND);
    ck_assert_int_eq(keyring_select_reason(keyring, "orders2"), ENV_R_KEK_NOT_FOUND);
    assert_says("orders2");
    assert_says("token 'kek'");
}
END_TEST

START_TEST(several_configured_keks_are_all_selected)
{
    const struct env_selector none = {0};
    struct env_kek_list list = {0};

    make("kek", "first", "01");
    make("kek", "the second", "02");
    keyring_set(&keyring_config()->kek, "first the%20second pkcs11:object=first");
    keyring = keyring_new();
    ck_assert(env_ok(keyring->vtable->select(keyring, &none, &list)));
    ck_assert_uint_eq(list.count, 2); /* the same one twice is one */
    ck_assert_uint_eq(list.keks[0]->vtable->id(list.keks[0])->bytes[0], 1);
    ck_assert_uint_eq(list.keks[1]->vtable->id(list.keks[1])->bytes[0], 2);
    env_kek_list_clear(&list);
}
END_TEST

START_TEST(one_bad_name_of_several_gives_none)
{
    make("kek", "first", "01");
    keyring_set(&keyring_config()->kek, "first second");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, NULL), ENV_R_KEK_NOT_FOUND);
    assert_says("second");
}
END_TEST

START_TEST(a_malformed_kek_name_is_a_configuration_error)
{
    keyring_set(&keyring_config()->kek, "100%");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, NULL), ENV_R_CONFIG_VALUE);
    assert_says("kek");
    ck_assert_int_eq(keyring_select_reason(keyring, "pkcs11:objct=x"), ENV_R_CONFIG_BAD_URI);
    assert_says("kek");
    ck_assert_int_eq(keyring_select_reason(keyring, "pkcs11:object=x;type=public"),
                     ENV_R_CONFIG_BAD_URI);
}
END_TEST

START_TEST(without_a_configured_kek_selection_says_so)
{
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, NULL), ENV_R_NO_KEK_CONFIGURED);
}
END_TEST

/* A label that came as key bytes is shown, unless it could be a whole key of 32 bytes. */
START_TEST(key_bytes_are_shown_only_as_a_label)
{
    struct env_selector selector = {.marked = "secretly-a-password-of-32-bytes."};
    struct env_kek_list list = {0};
    ENV_RESULT r;

    make("kek", "orders", "0102");
    keyring = keyring_new();
    r = keyring->vtable->select(keyring, &selector, &list);
    ck_assert_int_eq(r.reason, ENV_R_KEK_NOT_FOUND);
    assert_does_not_say("secretly");
    assert_says("token 'kek', which has 'orders'; -K 0 takes the configured KEK");
    selector.marked = "odrers";
    ck_assert_int_eq(keyring->vtable->select(keyring, &selector, &list).reason,
                     ENV_R_KEK_NOT_FOUND);
    assert_says("odrers; looked at token 'kek', which has 'orders'");
    /* a URI in key bytes is a label like any other */
    selector.marked = "pkcs11:object=orders";
    r = keyring->vtable->select(keyring, &selector, &list);
    ck_assert_int_eq(r.reason, ENV_R_KEK_NOT_FOUND);
    selector.marked = "orders";
    ck_assert(env_ok(keyring->vtable->select(keyring, &selector, &list)));
    env_kek_list_clear(&list);
}
END_TEST

/* The error names what was wanted and what is there. */
START_TEST(what_is_there_is_said)
{
    const struct env_kek_request request = {
        .type = ENV_KEK_AES, .bits = 256, .label = "new", .token = "absent"};
    struct env_kek *kek = NULL;
    char text[64];

    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_NOT_FOUND);
    assert_says("orders; looked at token 'kek', which has no key");
    for (char c = 'a'; c <= 'j'; c++) {
        (void)snprintf(text, sizeof(text), "key-%c", c);
        make("kek", text, c == 'a' ? "0a" : NULL);
    }
    softhsm_add_token("second");
    keyring_free(keyring);
    keyring_set(&keyring_config()->token, NULL);
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_NOT_FOUND);
    ck_assert_uint_eq(count_said("'key-"), 8); /* whichever the token gives first */
    assert_says(", and more");
    assert_says("token 'second', which has no key");
    ck_assert_int_eq(keyring_select_reason(keyring, "pkcs11:token=absent;object=orders"),
                     ENV_R_NO_TOKEN);
    assert_says("wanted: pkcs11:token=absent;object=orders; there is token '");
    assert_says("token 'kek' (serial ");
    ck_assert_int_eq(keyring->vtable->generate(keyring, &request, &kek).reason, ENV_R_NO_TOKEN);
    assert_says("token 'second' (serial ");
    keyring_free(keyring);
    keyring_set(&keyring_config()->token, "pkcs11:token=absent");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_NO_TOKEN);
    assert_says("wanted: pkcs11:token=absent (");
    assert_says("token 'kek' (serial ");
    assert_says("1 slot with a token that is not initialised");
}
END_TEST

/* Two tokens with one label are distinguished. */
START_TEST(tokens_of_one_label_are_named_with_their_serials)
{
    const struct env_kek_request request = {.type = ENV_KEK_AES, .bits = 256, .label = "new"};
    struct env_kek *kek = NULL;

    softhsm_add_token("kek");
    keyring = keyring_new();
    ck_assert_int_eq(keyring->vtable->generate(keyring, &request, &kek).reason,
                     ENV_R_TOKEN_AMBIGUOUS);
    assert_says("token 'kek' (serial ");
    ck_assert_ptr_nonnull(strstr(strstr(raised_text(), "(serial ") + 1, "(serial "));
}
END_TEST

START_TEST(a_label_that_two_keys_have_is_ambiguous)
{
    make("kek", "orders", "0102");
    make("kek", "orders", "aabb");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_AMBIGUOUS);
    assert_says("0102");
    assert_says("aabb");
    assert_says("token 'kek'");
    env_kek_free(keyring_select_one(keyring, "pkcs11:object=orders;id=%aa%bb"));
}
END_TEST

START_TEST(the_same_id_and_label_twice_is_ambiguous)
{
    make("kek", "orders", "0102");
    make("kek", "orders", "0102");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_AMBIGUOUS);
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_AES256_KW),
                     ENV_R_KEK_AMBIGUOUS);
}
END_TEST

START_TEST(a_label_on_two_tokens_is_ambiguous)
{
    softhsm_add_token("second");
    make("kek", "orders", "0102");
    make("second", "orders", "0304");
    keyring_set(&keyring_config()->token, NULL);
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_AMBIGUOUS);
    assert_says("token 'kek'");
    assert_says("token 'second'");
    env_kek_free(keyring_select_one(keyring, "pkcs11:token=second;object=orders"));
    env_kek_free(keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW));
    env_kek_free(keyring_lookup_one(keyring, "0304", ENV_WRAP_AES256_KW));
}
END_TEST

START_TEST(the_same_id_on_another_token_is_a_replica)
{
    static const uint8_t value[32] = {1, 2, 3};

    softhsm_add_token("second");
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102", .value = value});
    softhsm_make_key(
        &(struct softhsm_key){.token = "second", .label = "orders", .id = "0102", .value = value});
    keyring_set(&keyring_config()->token, NULL);
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    keyring = keyring_new();
    env_kek_free(keyring_select_one(keyring, "orders"));
    env_kek_free(keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW));
}
END_TEST

START_TEST(lookup_finds_by_id_class_and_length)
{
    make("kek", "orders", "0102");
    softhsm_make_key(&(struct softhsm_key){.label = "short", .id = "0102", .bits = 128});
    keyring_set(&keyring_config()->allow_weak_kek, "yes");
    keyring = keyring_new();
    env_kek_free(keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_GCM));
    env_kek_free(keyring_lookup_one(keyring, "0102", ENV_WRAP_AES128_KW));
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_AES192_KW),
                     ENV_R_KEK_NOT_HERE);
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0103", ENV_WRAP_AES256_KW),
                     ENV_R_KEK_NOT_HERE);
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_NONE), ENV_R_KEK_NOT_HERE);
    ck_assert_int_eq(keyring_lookup_reason(keyring, "", ENV_WRAP_AES256_KW), ENV_R_KEK_NOT_HERE);
}
END_TEST

START_TEST(open_kek_restricts_lookup)
{
    make("kek", "orders", "0102");
    make("kek", "mail", "0304");
    make("kek", "old", "0506");
    keyring_set(&keyring_config()->open_kek, "orders 03:04");
    keyring = keyring_new();
    env_kek_free(keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW));
    env_kek_free(keyring_lookup_one(keyring, "0304", ENV_WRAP_AES256_KW));
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0506", ENV_WRAP_AES256_KW),
                     ENV_R_KEK_NOT_ALLOWED);
    assert_says("0506");
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0708", ENV_WRAP_AES256_KW),
                     ENV_R_KEK_NOT_HERE);
    env_kek_free(keyring_select_one(keyring, "old")); /* sealing is another matter */
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0506", ENV_WRAP_AES256_KW),
                     ENV_R_KEK_NOT_ALLOWED);
}
END_TEST

START_TEST(a_key_is_looked_for_once)
{
    struct env_kek *first;
    unsigned searches;

    make("kek", "orders", "0102");
    shim_on();
    keyring = keyring_new();
    ck_assert_uint_eq(shim_total(), 0); /* nothing is touched before it is needed */
    first = keyring_select_one(keyring, "orders");
    searches = shim_count(SHIM_FIND_OBJECTS_INIT);
    ck_assert_uint_eq(searches, 2); /* among AES keys and among RSA keys */
    for (int i = 0; i < 5; i++) {
        struct env_kek *again = keyring_select_one(keyring, "orders");

        ck_assert_ptr_eq(first, again);
        assert_round_trip(again, first);
        env_kek_free(again);
    }
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), searches);
    for (int i = 0; i < 5; i++) {
        struct env_kek *again = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);

        ck_assert_ptr_eq(first, again);
        env_kek_free(again);
    }
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), searches + 1);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
    env_kek_free(first);
}
END_TEST

START_TEST(a_missing_token_is_named_without_its_pin)
{
    keyring_set(&keyring_config()->token, "pkcs11:token=nobody?pin-value=4711");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_NO_TOKEN);
    assert_says("token=nobody");
    assert_does_not_say("4711");
    ck_assert_int_eq(keyring_lookup_reason(keyring, "01", ENV_WRAP_AES256_KW), ENV_R_NO_TOKEN);
}
END_TEST

START_TEST(a_token_that_comes_later_is_found)
{
    keyring_set(&keyring_config()->token, "pkcs11:token=later");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_NO_TOKEN);
    softhsm_add_token("later");
    make("later", "orders", "0102");
    env_kek_free(keyring_select_one(keyring, "orders"));
}
END_TEST

START_TEST(a_selector_of_a_missing_token_is_named_without_its_pin)
{
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "pkcs11:token=nobody;object=x?pin-value=4711"),
                     ENV_R_NO_TOKEN);
    assert_says("nobody");
    assert_does_not_say("4711");
}
END_TEST

START_TEST(a_bad_token_uri_is_refused)
{
    keyring_set(&keyring_config()->token, "pkcs11:tokken=kek");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_CONFIG_BAD_URI);
    assert_says("token: ");
}
END_TEST

START_TEST(a_missing_module_is_named)
{
    keyring_set(&keyring_config()->module_path, "/nowhere/module.so");
    keyring = keyring_new();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_NO_MODULE);
        assert_says("/nowhere/module.so");
        assert_says("No such file");
    }
}
END_TEST

START_TEST(a_file_that_is_no_module_is_refused)
{
    keyring_set(&keyring_config()->module_path, getenv("SOFTHSM2_CONF"));
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_NO_MODULE);
}
END_TEST

START_TEST(init_args_reach_the_module)
{
    /* SoftHSM accepts none, and reports that. */
    keyring_set(&keyring_config()->module_init_args, "configdir='x'");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_NO_MODULE);
    assert_says("CKR_ARGUMENTS_BAD");
}
END_TEST

START_TEST(init_args_need_a_module_path)
{
    keyring_set(&keyring_config()->module_init_args, "configdir='x'");
    keyring_set(&keyring_config()->module_path, NULL);
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_CONFIG_VALUE);
    assert_says("pkcs11-module-init-args");
}
END_TEST

/* Where root may not mount, SoftHSM's package must have registered it with p11-kit. */
START_TEST(without_a_module_path_p11_kits_modules_are_used)
{
    struct env_kek *kek;

    if (!p11_kit_knows_only(softhsm_module(), softhsm_dir()))
        ck_assert_int_eq(access("/usr/share/p11-kit/modules/softhsm2.module", R_OK), 0);
    make("kek", "orders", "0102");
    keyring_set(&keyring_config()->module_path, NULL);
    keyring = keyring_new();
    kek = keyring_select_one(keyring, "orders");
    assert_round_trip(kek, kek);
    ck_assert_int_eq(keyring_select_reason(keyring, "nobody"), ENV_R_KEK_NOT_FOUND);
    env_kek_free(kek);
    keyring_free(keyring);
    keyring_set(&keyring_config()->token, "pkcs11:token=nobody");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_NO_TOKEN);
    assert_says("the modules that p11-kit knows");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyring: selection of KEKs");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, keyring_setup, keyring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, a_kek_is_selected_by_label_uri_or_configuration);
    tcase_add_test(tc, a_label_is_matched_whole);
    tcase_add_test(tc, several_configured_keks_are_all_selected);
    tcase_add_test(tc, one_bad_name_of_several_gives_none);
    tcase_add_test(tc, a_malformed_kek_name_is_a_configuration_error);
    tcase_add_test(tc, without_a_configured_kek_selection_says_so);
    tcase_add_test(tc, key_bytes_are_shown_only_as_a_label);
    tcase_add_test(tc, what_is_there_is_said);
    tcase_add_test(tc, tokens_of_one_label_are_named_with_their_serials);
    tcase_add_test(tc, a_label_that_two_keys_have_is_ambiguous);
    tcase_add_test(tc, the_same_id_and_label_twice_is_ambiguous);
    tcase_add_test(tc, a_label_on_two_tokens_is_ambiguous);
    tcase_add_test(tc, the_same_id_on_another_token_is_a_replica);
    tcase_add_test(tc, lookup_finds_by_id_class_and_length);
    tcase_add_test(tc, open_kek_restricts_lookup);
    tcase_add_test(tc, a_key_is_looked_for_once);
    tcase_add_test(tc, a_missing_token_is_named_without_its_pin);
    tcase_add_test(tc, a_token_that_comes_later_is_found);
    tcase_add_test(tc, a_selector_of_a_missing_token_is_named_without_its_pin);
    tcase_add_test(tc, a_bad_token_uri_is_refused);
    tcase_add_test(tc, a_missing_module_is_named);
    tcase_add_test(tc, a_file_that_is_no_module_is_refused);
    tcase_add_test(tc, init_args_reach_the_module);
    tcase_add_test(tc, init_args_need_a_module_path);
    tcase_add_test(tc, without_a_module_path_p11_kits_modules_are_used);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
