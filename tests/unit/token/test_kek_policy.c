/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys are refused as KEKs, for which reason, and what accepts them all the same. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/token/find_key.h"
#include "ring_case.h"

static const uint8_t value[32] = {1, 2, 3, 4, 5};

/* Sealing and opening give the same answer. */
static void assert_reason(enum env_reason expected)
{
    ck_assert_int_eq(ring_select_reason(ring, "orders"), expected);
    if (expected != ENV_R_NONE)
        ck_assert_ptr_nonnull(strstr(raised_text(), "key 'orders' (id 0102) of token 'kek'"));
    ck_assert_int_eq(ring_lookup_reason(ring, "0102", ENV_WRAP_AES256_KW), expected);
}

/* A key that is refused for one reason, and accepted with one option of the two. */
static void check(const struct softhsm_key *key, enum env_reason expected, bool weak_accepts)
{
    softhsm_make_key(key);
    ring = ring_new();
    assert_reason(expected);
    ring_free(ring);

    ring_set(&ring_config()->allow_weak_kek, weak_accepts ? "no" : "yes");
    ring_set(&ring_config()->allow_imported_kek, weak_accepts ? "yes" : "no");
    ring = ring_new();
    assert_reason(expected);
    ring_free(ring);

    ring_set(&ring_config()->allow_weak_kek, weak_accepts ? "yes" : "no");
    ring_set(&ring_config()->allow_imported_kek, weak_accepts ? "no" : "yes");
    ring = ring_new();
    assert_reason(ENV_R_NONE);
}

START_TEST(an_ordinary_kek)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    ring = ring_new();
    assert_reason(ENV_R_NONE);
}
END_TEST

START_TEST(extractable)
{
    check(&(struct softhsm_key){.label = "orders", .id = "0102", .extractable = true},
          ENV_R_KEK_EXTRACTABLE, true);
}
END_TEST

START_TEST(not_sensitive)
{
    check(&(struct softhsm_key){.label = "orders", .id = "0102", .not_sensitive = true},
          ENV_R_KEK_NOT_SENSITIVE, true);
}
END_TEST

START_TEST(public_object)
{
    check(&(struct softhsm_key){.label = "orders", .id = "0102", .public_object = true},
          ENV_R_KEK_PUBLIC, true);
}
END_TEST

START_TEST(imported)
{
    check(&(struct softhsm_key){.label = "orders", .id = "0102", .value = value},
          ENV_R_KEK_IMPORTED, false);
}
END_TEST

/* It is extractable now, which allow-weak-kek accepts, and was not always sensitive. */
START_TEST(imported_and_extractable_needs_both)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "0102", .value = value, .extractable = true});
    ring_set(&ring_config()->allow_weak_kek, "yes");
    ring = ring_new();
    assert_reason(ENV_R_KEK_IMPORTED);
    ring_free(ring);
    ring_set(&ring_config()->allow_imported_kek, "yes");
    ring = ring_new();
    assert_reason(ENV_R_NONE);
}
END_TEST

static void check_weak(unsigned bits, enum env_wrap_alg alg)
{
    struct env_kek *kek;

    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102", .bits = bits});
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_TOO_WEAK);
    ck_assert_int_eq(ring_lookup_reason(ring, "0102", alg), ENV_R_KEK_TOO_WEAK);
    ring_free(ring);
    ring_set(&ring_config()->allow_weak_kek, "yes");
    ring = ring_new();
    kek = ring_select_one(ring, "orders");
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}

START_TEST(weak_128)
{
    check_weak(128, ENV_WRAP_AES128_KW);
}
END_TEST

START_TEST(weak_192)
{
    check_weak(192, ENV_WRAP_AES192_GCM);
}
END_TEST

START_TEST(without_id)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders"});
    ring_set(&ring_config()->allow_weak_kek, "yes");
    ring_set(&ring_config()->allow_imported_kek, "yes");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_WITHOUT_ID);
}
END_TEST

START_TEST(id_too_long)
{
    char hex[65 * 2 + 1];

    memset(hex, 'a', sizeof(hex) - 1);
    hex[sizeof(hex) - 1] = '\0';
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = hex});
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_WITHOUT_ID);
    hex[64 * 2] = '\0';
    softhsm_make_key(&(struct softhsm_key){.label = "longest", .id = hex});
    env_kek_free(ring_select_one(ring, "longest"));
}
END_TEST

START_TEST(no_use_at_all)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "0102", .no_encrypt = true, .no_wrap = true});
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_USAGE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKA_ENCRYPT 0, CKA_DECRYPT 1, CKA_WRAP 0"));
}
END_TEST

START_TEST(the_chosen_mechanism_is_missing)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    ring_set(&ring_config()->wrap, "aes-kwp");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_USAGE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKM_AES_KEY_WRAP_KWP"));
}
END_TEST

START_TEST(the_chosen_mechanism_is_not_allowed)
{
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders", .id = "0102", .only_mechanism = CKM_AES_GCM});
    ring_set(&ring_config()->wrap, "aes-kw");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_USAGE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "allowed mechanisms"));
}
END_TEST

/* An attribute that the token does not give counts as the less safe value. */
START_TEST(attributes_that_are_not_told)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        enum env_reason reason;
    } hidden[] = {
        {CKA_EXTRACTABLE, ENV_R_KEK_EXTRACTABLE},
        {CKA_SENSITIVE, ENV_R_KEK_NOT_SENSITIVE},
        {CKA_PRIVATE, ENV_R_KEK_PUBLIC},
        {CKA_ALWAYS_SENSITIVE, ENV_R_KEK_IMPORTED},
        {CKA_NEVER_EXTRACTABLE, ENV_R_KEK_IMPORTED},
        {CKA_VALUE_LEN, ENV_R_KEK_TOO_WEAK},
        {CKA_ALLOWED_MECHANISMS, ENV_R_NONE},
    };

    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    shim_on();
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        shim_hide_attribute(hidden[i].type);
        ring = ring_new();
        ck_assert_int_eq(ring_select_reason(ring, "orders"), hidden[i].reason);
        ring_free(ring);
    }
    ring = NULL;
}
END_TEST

/* A list of mechanisms is a restriction wherever its length can not be asked for. */
START_TEST(allowed_mechanisms_of_unknown_length)
{
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders", .id = "0102", .only_mechanism = CKM_AES_KEY_WRAP});
    softhsm_make_key(
        &(struct softhsm_key){.label = "other", .id = "0103", .only_mechanism = CKM_AES_CBC});
    shim_on();
    shim_no_length_of(CKA_ALLOWED_MECHANISMS);
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_NONE);
    ck_assert_int_eq(ring_select_reason(ring, "other"), ENV_R_KEK_USAGE);
}
END_TEST

/* One that is longer than we read: no mechanism is known to be allowed. */
START_TEST(many_allowed_mechanisms)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders",
                                           .id = "0102",
                                           .only_mechanism = CKM_AES_KEY_WRAP,
                                           .more_mechanisms = ENV_ALLOWED_MECHANISMS_MAX - 1});
    softhsm_make_key(&(struct softhsm_key){.label = "other",
                                           .id = "0103",
                                           .only_mechanism = CKM_AES_KEY_WRAP,
                                           .more_mechanisms = ENV_ALLOWED_MECHANISMS_MAX});
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_NONE);
    ck_assert_int_eq(ring_select_reason(ring, "other"), ENV_R_KEK_USAGE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keymgmt policy");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, ring_setup, ring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, an_ordinary_kek);
    tcase_add_test(tc, extractable);
    tcase_add_test(tc, not_sensitive);
    tcase_add_test(tc, public_object);
    tcase_add_test(tc, imported);
    tcase_add_test(tc, imported_and_extractable_needs_both);
    tcase_add_test(tc, weak_128);
    tcase_add_test(tc, weak_192);
    tcase_add_test(tc, without_id);
    tcase_add_test(tc, id_too_long);
    tcase_add_test(tc, no_use_at_all);
    tcase_add_test(tc, the_chosen_mechanism_is_missing);
    tcase_add_test(tc, the_chosen_mechanism_is_not_allowed);
    tcase_add_test(tc, attributes_that_are_not_told);
    tcase_add_test(tc, allowed_mechanisms_of_unknown_length);
    tcase_add_test(tc, many_allowed_mechanisms);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
