/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing KEKs on SoftHSM tokens: selectors, ambiguity, what may open, and what is missing. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring_case.h"

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

START_TEST(by_label_by_uri_and_by_configuration)
{
    static const char *const names[] = {NULL,
                                        "orders",
                                        "pkcs11:object=orders",
                                        "pkcs11:id=%01%02",
                                        "pkcs11:token=kek;object=orders",
                                        "pkcs11:object=orders;type=secret-key;id=%01%02"};

    make("kek", "orders", "0102");
    make("kek", "other", "0304");
    ring_set(&ring_config()->kek, "orders");
    ring = ring_new();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct env_kek *kek = ring_select_one(ring, names[i]);
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
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "order"), ENV_R_KEK_NOT_FOUND);
    ck_assert_int_eq(ring_select_reason(ring, "orders2"), ENV_R_KEK_NOT_FOUND);
    assert_says("orders2");
    assert_says("token 'kek'");
}
END_TEST

START_TEST(several_configured_keks)
{
    const struct env_selector none = {0};
    struct env_kek_list list = {0};

    make("kek", "first", "01");
    make("kek", "the second", "02");
    ring_set(&ring_config()->kek, "first the%20second pkcs11:object=first");
    ring = ring_new();
    ck_assert(env_ok(ring->vtable->select(ring, &none, &list)));
    ck_assert_uint_eq(list.count, 2); /* the same one twice is one */
    ck_assert_uint_eq(list.keks[0]->vtable->id(list.keks[0])->bytes[0], 1);
    ck_assert_uint_eq(list.keks[1]->vtable->id(list.keks[1])->bytes[0], 2);
    env_kek_list_clear(&list);
}
END_TEST

START_TEST(one_bad_name_of_several_gives_none)
{
    make("kek", "first", "01");
    ring_set(&ring_config()->kek, "first second");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, NULL), ENV_R_KEK_NOT_FOUND);
    assert_says("second");
}
END_TEST

START_TEST(bad_configuration_of_keks)
{
    ring_set(&ring_config()->kek, "100%");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, NULL), ENV_R_CONFIG_VALUE);
    assert_says("kek");
    ck_assert_int_eq(ring_select_reason(ring, "pkcs11:objct=x"), ENV_R_CONFIG_BAD_URI);
    assert_says("kek");
    ck_assert_int_eq(ring_select_reason(ring, "pkcs11:object=x;type=public"), ENV_R_CONFIG_BAD_URI);
}
END_TEST

START_TEST(no_kek_configured)
{
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, NULL), ENV_R_NO_KEK_CONFIGURED);
}
END_TEST

START_TEST(key_bytes_are_never_shown)
{
    struct env_selector selector = {.marked = "secretly-a-password"};
    struct env_kek_list list = {0};
    ENV_RESULT r;

    make("kek", "orders", "0102");
    ring = ring_new();
    r = ring->vtable->select(ring, &selector, &list);
    ck_assert_int_eq(r.reason, ENV_R_KEK_NOT_FOUND);
    assert_does_not_say("secretly");
    /* a URI in key bytes is a label like any other */
    selector.marked = "pkcs11:object=orders";
    r = ring->vtable->select(ring, &selector, &list);
    ck_assert_int_eq(r.reason, ENV_R_KEK_NOT_FOUND);
    assert_does_not_say("pkcs11:");
    selector.marked = "orders";
    ck_assert(env_ok(ring->vtable->select(ring, &selector, &list)));
    env_kek_list_clear(&list);
}
END_TEST

START_TEST(ambiguous_on_one_token)
{
    make("kek", "orders", "0102");
    make("kek", "orders", "aabb");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_AMBIGUOUS);
    assert_says("0102");
    assert_says("aabb");
    assert_says("token 'kek'");
    env_kek_free(ring_select_one(ring, "pkcs11:object=orders;id=%aa%bb"));
}
END_TEST

START_TEST(the_same_id_and_label_twice_is_ambiguous)
{
    make("kek", "orders", "0102");
    make("kek", "orders", "0102");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_AMBIGUOUS);
    ck_assert_int_eq(ring_lookup_reason(ring, "0102", ENV_WRAP_AES256_KW), ENV_R_KEK_AMBIGUOUS);
}
END_TEST

START_TEST(ambiguous_across_tokens)
{
    softhsm_add_token("second");
    make("kek", "orders", "0102");
    make("second", "orders", "0304");
    ring_set(&ring_config()->token, NULL);
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_AMBIGUOUS);
    assert_says("token 'kek'");
    assert_says("token 'second'");
    env_kek_free(ring_select_one(ring, "pkcs11:token=second;object=orders"));
    env_kek_free(ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW));
    env_kek_free(ring_lookup_one(ring, "0304", ENV_WRAP_AES256_KW));
}
END_TEST

START_TEST(the_same_id_on_another_token_is_a_stand_in)
{
    static const uint8_t value[32] = {1, 2, 3};

    softhsm_add_token("second");
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102", .value = value});
    softhsm_make_key(
        &(struct softhsm_key){.token = "second", .label = "orders", .id = "0102", .value = value});
    ring_set(&ring_config()->token, NULL);
    ring_set(&ring_config()->allow_imported_kek, "yes");
    ring = ring_new();
    env_kek_free(ring_select_one(ring, "orders"));
    env_kek_free(ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW));
}
END_TEST

START_TEST(lookup_finds_by_id_class_and_length)
{
    make("kek", "orders", "0102");
    softhsm_make_key(&(struct softhsm_key){.label = "short", .id = "0102", .bits = 128});
    ring_set(&ring_config()->allow_weak_kek, "yes");
    ring = ring_new();
    env_kek_free(ring_lookup_one(ring, "0102", ENV_WRAP_AES256_GCM));
    env_kek_free(ring_lookup_one(ring, "0102", ENV_WRAP_AES128_KW));
    ck_assert_int_eq(ring_lookup_reason(ring, "0102", ENV_WRAP_AES192_KW), ENV_R_KEK_NOT_HERE);
    ck_assert_int_eq(ring_lookup_reason(ring, "0103", ENV_WRAP_AES256_KW), ENV_R_KEK_NOT_HERE);
    ck_assert_int_eq(ring_lookup_reason(ring, "0102", ENV_WRAP_NONE), ENV_R_KEK_NOT_HERE);
    ck_assert_int_eq(ring_lookup_reason(ring, "", ENV_WRAP_AES256_KW), ENV_R_KEK_NOT_HERE);
}
END_TEST

START_TEST(open_kek_restricts_lookup)
{
    make("kek", "orders", "0102");
    make("kek", "mail", "0304");
    make("kek", "old", "0506");
    ring_set(&ring_config()->open_kek, "orders 03:04");
    ring = ring_new();
    env_kek_free(ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW));
    env_kek_free(ring_lookup_one(ring, "0304", ENV_WRAP_AES256_KW));
    ck_assert_int_eq(ring_lookup_reason(ring, "0506", ENV_WRAP_AES256_KW), ENV_R_KEK_NOT_ALLOWED);
    assert_says("0506");
    ck_assert_int_eq(ring_lookup_reason(ring, "0708", ENV_WRAP_AES256_KW), ENV_R_KEK_NOT_HERE);
    env_kek_free(ring_select_one(ring, "old")); /* sealing is another matter */
    ck_assert_int_eq(ring_lookup_reason(ring, "0506", ENV_WRAP_AES256_KW), ENV_R_KEK_NOT_ALLOWED);
}
END_TEST

START_TEST(a_key_is_looked_for_once)
{
    struct env_kek *first;
    unsigned searches;

    make("kek", "orders", "0102");
    shim_on();
    ring = ring_new();
    ck_assert_uint_eq(shim_total(), 0); /* nothing is touched before it is needed */
    first = ring_select_one(ring, "orders");
    searches = shim_count(SHIM_FIND_OBJECTS_INIT);
    ck_assert_uint_eq(searches, 2); /* among AES keys and among RSA keys */
    for (int i = 0; i < 5; i++) {
        struct env_kek *again = ring_select_one(ring, "orders");

        ck_assert_ptr_eq(first, again);
        assert_round_trip(again, first);
        env_kek_free(again);
    }
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), searches);
    for (int i = 0; i < 5; i++) {
        struct env_kek *again = ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW);

        ck_assert_ptr_eq(first, again);
        env_kek_free(again);
    }
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), searches + 1);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
    env_kek_free(first);
}
END_TEST

START_TEST(no_token)
{
    ring_set(&ring_config()->token, "pkcs11:token=nobody?pin-value=4711");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_NO_TOKEN);
    assert_says("token=nobody");
    assert_does_not_say("4711");
    ck_assert_int_eq(ring_lookup_reason(ring, "01", ENV_WRAP_AES256_KW), ENV_R_NO_TOKEN);
}
END_TEST

START_TEST(a_token_that_comes_later_is_found)
{
    ring_set(&ring_config()->token, "pkcs11:token=later");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_NO_TOKEN);
    softhsm_add_token("later");
    make("later", "orders", "0102");
    env_kek_free(ring_select_one(ring, "orders"));
}
END_TEST

START_TEST(a_selector_that_names_no_configured_token)
{
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "pkcs11:token=nobody;object=x?pin-value=4711"),
                     ENV_R_NO_TOKEN);
    assert_says("nobody");
    assert_does_not_say("4711");
}
END_TEST

START_TEST(a_bad_token_uri)
{
    ring_set(&ring_config()->token, "pkcs11:tokken=kek");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_CONFIG_BAD_URI);
    assert_says("token: ");
}
END_TEST

START_TEST(no_module)
{
    ring_set(&ring_config()->module_path, "/nowhere/module.so");
    ring = ring_new();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_NO_MODULE);
        assert_says("/nowhere/module.so");
        assert_says("No such file");
    }
}
END_TEST

START_TEST(a_file_that_is_no_module)
{
    ring_set(&ring_config()->module_path, getenv("SOFTHSM2_CONF"));
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_NO_MODULE);
}
END_TEST

START_TEST(init_args_reach_the_module)
{
    /* SoftHSM takes none, and says so. */
    ring_set(&ring_config()->module_init_args, "configdir='x'");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_NO_MODULE);
    assert_says("CKR_ARGUMENTS_BAD");
}
END_TEST

START_TEST(init_args_need_a_module_path)
{
    ring_set(&ring_config()->module_init_args, "configdir='x'");
    ring_set(&ring_config()->module_path, NULL);
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_CONFIG_VALUE);
    assert_says("pkcs11-module-init-args");
}
END_TEST

/* Debian's SoftHSM tells p11-kit of itself. */
START_TEST(the_modules_that_p11_kit_knows)
{
    struct env_kek *kek;

    ck_assert_int_eq(access("/usr/share/p11-kit/modules/softhsm2.module", R_OK), 0);
    make("kek", "orders", "0102");
    ring_set(&ring_config()->module_path, NULL);
    ring = ring_new();
    kek = ring_select_one(ring, "orders");
    assert_round_trip(kek, kek);
    ck_assert_int_eq(ring_select_reason(ring, "nobody"), ENV_R_KEK_NOT_FOUND);
    env_kek_free(kek);
    ring_free(ring);
    ring_set(&ring_config()->token, "pkcs11:token=nobody");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_NO_TOKEN);
    assert_says("the modules that p11-kit knows");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keymgmt select");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, ring_setup, ring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, by_label_by_uri_and_by_configuration);
    tcase_add_test(tc, a_label_is_matched_whole);
    tcase_add_test(tc, several_configured_keks);
    tcase_add_test(tc, one_bad_name_of_several_gives_none);
    tcase_add_test(tc, bad_configuration_of_keks);
    tcase_add_test(tc, no_kek_configured);
    tcase_add_test(tc, key_bytes_are_never_shown);
    tcase_add_test(tc, ambiguous_on_one_token);
    tcase_add_test(tc, the_same_id_and_label_twice_is_ambiguous);
    tcase_add_test(tc, ambiguous_across_tokens);
    tcase_add_test(tc, the_same_id_on_another_token_is_a_stand_in);
    tcase_add_test(tc, lookup_finds_by_id_class_and_length);
    tcase_add_test(tc, open_kek_restricts_lookup);
    tcase_add_test(tc, a_key_is_looked_for_once);
    tcase_add_test(tc, no_token);
    tcase_add_test(tc, a_token_that_comes_later_is_found);
    tcase_add_test(tc, a_selector_that_names_no_configured_token);
    tcase_add_test(tc, a_bad_token_uri);
    tcase_add_test(tc, no_module);
    tcase_add_test(tc, a_file_that_is_no_module);
    tcase_add_test(tc, init_args_reach_the_module);
    tcase_add_test(tc, init_args_need_a_module_path);
    tcase_add_test(tc, the_modules_that_p11_kit_knows);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
