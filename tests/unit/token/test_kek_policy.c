/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys are refused as KEKs, for which reason, and which option accepts them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "keymgmt/token/find_key.h"
#include "keyring_case.h"

static const uint8_t value[32] = {1, 2, 3, 4, 5};

/* Sealing and opening give the same answer. */
static void assert_reason(enum env_reason expected)
{
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), expected);
    if (expected != ENV_R_NONE)
        ck_assert_ptr_nonnull(strstr(raised_text(), "key 'orders' (id 0102) of token 'kek'"));
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_AES256_KW), expected);
}

/* A key that is refused for one reason, and accepted with one option of the two. */
static void check(const struct softhsm_key *key, enum env_reason expected, bool weak_accepts)
{
    softhsm_make_key(key);
    keyring = keyring_new();
    assert_reason(expected);
    keyring_free(keyring);

    keyring_set(&keyring_config()->allow_weak_kek, weak_accepts ? "no" : "yes");
    keyring_set(&keyring_config()->allow_imported_kek, weak_accepts ? "yes" : "no");
    keyring = keyring_new();
    assert_reason(expected);
    keyring_free(keyring);

    keyring_set(&keyring_config()->allow_weak_kek, weak_accepts ? "yes" : "no");
    keyring_set(&keyring_config()->allow_imported_kek, weak_accepts ? "no" : "yes");
    keyring = keyring_new();
    assert_reason(ENV_R_NONE);
}

START_TEST(an_ordinary_kek_is_accepted)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    keyring = keyring_new();
    assert_reason(ENV_R_NONE);
}
END_TEST

START_TEST(an_extractable_key_is_refused)
{
    check(&(struct softhsm_key){.label = "orders", .id = "0102", .extractable = true},
          ENV_R_KEK_EXTRACTABLE, true);
}
END_TEST

START_TEST(a_key_that_is_not_sensitive_is_refused)
{
    check(&(struct softhsm_key){.label = "orders", .id = "0102", .not_sensitive = true},
          ENV_R_KEK_NOT_SENSITIVE, true);
}
END_TEST

START_TEST(a_public_object_is_refused)
{
    check(&(struct softhsm_key){.label = "orders", .id = "0102", .public_object = true},
          ENV_R_KEK_PUBLIC, true);
}
END_TEST

START_TEST(an_imported_key_is_refused)
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
    keyring_set(&keyring_config()->allow_weak_kek, "yes");
    keyring = keyring_new();
    assert_reason(ENV_R_KEK_IMPORTED);
    keyring_free(keyring);
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    keyring = keyring_new();
    assert_reason(ENV_R_NONE);
}
END_TEST

static void check_weak(unsigned bits, enum env_wrap_alg alg)
{
    struct env_kek *kek;

    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102", .bits = bits});
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_TOO_WEAK);
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", alg), ENV_R_KEK_TOO_WEAK);
    keyring_free(keyring);
    keyring_set(&keyring_config()->allow_weak_kek, "yes");
    keyring = keyring_new();
    kek = keyring_select_one(keyring, "orders");
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}

START_TEST(a_128_bit_key_is_too_weak)
{
    check_weak(128, ENV_WRAP_AES128_KW);
}
END_TEST

START_TEST(a_192_bit_key_is_too_weak)
{
    check_weak(192, ENV_WRAP_AES192_GCM);
}
END_TEST

START_TEST(a_key_without_an_id_is_refused)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders"});
    keyring_set(&keyring_config()->allow_weak_kek, "yes");
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_WITHOUT_ID);
}
END_TEST

/* Messages call a key with a longer one by its hash; see integration.hsm. */
START_TEST(an_id_of_64_bytes_is_the_reference_and_no_longer_one)
{
    char hex[65 * 2 + 1];
    struct env_kek *kek;

    memset(hex, 'a', sizeof(hex) - 1);
    hex[sizeof(hex) - 1] = '\0';
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = hex});
    keyring = keyring_new();
    kek = keyring_select_one(keyring, "orders");
    ck_assert_uint_eq(kek->vtable->id(kek)->len, 32);
    env_kek_free(kek);
    hex[64 * 2] = '\0';
    softhsm_make_key(&(struct softhsm_key){.label = "longest", .id = hex});
    env_kek_free(keyring_select_one(keyring, "longest"));
}
END_TEST

START_TEST(a_key_without_uses_names_its_attributes)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "0102", .no_encrypt = true, .no_wrap = true});
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_USAGE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKA_ENCRYPT 0, CKA_DECRYPT 1, CKA_WRAP 0"));
}
END_TEST

START_TEST(a_configured_mechanism_that_is_missing_is_refused)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    keyring_set(&keyring_config()->wrap, "aes-kwp");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_USAGE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKM_AES_KEY_WRAP_KWP"));
}
END_TEST

START_TEST(a_configured_mechanism_that_is_not_allowed_is_refused)
{
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders", .id = "0102", .only_mechanism = CKM_AES_GCM});
    keyring_set(&keyring_config()->wrap, "aes-kw");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_USAGE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "allowed mechanisms"));
}
END_TEST

/* An attribute that the token does not give counts as the less safe value. */
START_TEST(an_untold_attribute_counts_as_the_less_safe_value)
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
        keyring = keyring_new();
        ck_assert_int_eq(keyring_select_reason(keyring, "orders"), hidden[i].reason);
        keyring_free(keyring);
    }
    keyring = NULL;
}
END_TEST

/* A list of mechanisms is a restriction wherever its length cannot be asked for. */
START_TEST(allowed_mechanisms_of_unknown_length_still_restrict)
{
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders", .id = "0102", .only_mechanism = CKM_AES_KEY_WRAP});
    softhsm_make_key(
        &(struct softhsm_key){.label = "other", .id = "0103", .only_mechanism = CKM_AES_CBC});
    shim_on();
    shim_no_length_of(CKA_ALLOWED_MECHANISMS);
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_NONE);
    ck_assert_int_eq(keyring_select_reason(keyring, "other"), ENV_R_KEK_USAGE);
}
END_TEST

/* One that is longer than we read: no mechanism is known to be allowed. */
START_TEST(too_long_a_list_of_allowed_mechanisms_allows_none)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders",
                                           .id = "0102",
                                           .only_mechanism = CKM_AES_KEY_WRAP,
                                           .more_mechanisms = ENV_ALLOWED_MECHANISMS_MAX - 1});
    softhsm_make_key(&(struct softhsm_key){.label = "other",
                                           .id = "0103",
                                           .only_mechanism = CKM_AES_KEY_WRAP,
                                           .more_mechanisms = ENV_ALLOWED_MECHANISMS_MAX});
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_NONE);
    ck_assert_int_eq(keyring_select_reason(keyring, "other"), ENV_R_KEK_USAGE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: policy for KEKs");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, keyring_setup, keyring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, an_ordinary_kek_is_accepted);
    tcase_add_test(tc, an_extractable_key_is_refused);
    tcase_add_test(tc, a_key_that_is_not_sensitive_is_refused);
    tcase_add_test(tc, a_public_object_is_refused);
    tcase_add_test(tc, an_imported_key_is_refused);
    tcase_add_test(tc, imported_and_extractable_needs_both);
    tcase_add_test(tc, a_128_bit_key_is_too_weak);
    tcase_add_test(tc, a_192_bit_key_is_too_weak);
    tcase_add_test(tc, a_key_without_an_id_is_refused);
    tcase_add_test(tc, an_id_of_64_bytes_is_the_reference_and_no_longer_one);
    tcase_add_test(tc, a_key_without_uses_names_its_attributes);
    tcase_add_test(tc, a_configured_mechanism_that_is_missing_is_refused);
    tcase_add_test(tc, a_configured_mechanism_that_is_not_allowed_is_refused);
    tcase_add_test(tc, an_untold_attribute_counts_as_the_less_safe_value);
    tcase_add_test(tc, allowed_mechanisms_of_unknown_length_still_restrict);
    tcase_add_test(tc, too_long_a_list_of_allowed_mechanisms_allows_none);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
