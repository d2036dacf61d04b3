/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that a token did not give, or gave wrongly, while it failed are asked for again: with two
 * tokens, of which the other one works all the time.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "keymgmt/token/policy.h"
#include "keyring_kek.h"

static const uint8_t value[32] = {1, 2, 3, 4};
static const uint8_t other_value[32] = {5, 6, 7, 8};

static void setup(void)
{
    keyring_setup_any_token();
    shim_on();
    kek = NULL;
}

static void let_go(void)
{
    env_kek_free(kek);
    if (keyring != NULL)
        keyring_free(keyring);
    keyring = NULL;
    kek = NULL;
}

static void make(const char *token, const char *label, const char *id, const uint8_t *bytes)
{
    softhsm_make_key(
        &(struct softhsm_key){.token = token, .label = label, .id = id, .value = bytes});
}

/* Whichever of the two comes first: the one that failed, or the other. */
START_TEST(a_slot_that_fails_once_is_asked_again)
{
    static const char *const labels[] = {"orders", "mail"};

    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "mail", "0304", other_value);
    for (int i = 0; i < 2; i++) {
        keyring = keyring_new();
        shim_fail(SHIM_GET_TOKEN_INFO, CKR_DEVICE_ERROR, 1);
        kek = keyring_select_one(keyring, labels[i]);
        assert_round_trip(kek, kek);
        ck_assert_uint_eq(shim_failures_left(SHIM_GET_TOKEN_INFO), 0);
        let_go();
    }
}
END_TEST

START_TEST(a_module_that_forgets_is_initialised_again)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    keyring = keyring_new();
    shim_fail(SHIM_GET_TOKEN_INFO, CKR_CRYPTOKI_NOT_INITIALIZED, 2); /* in each of its slots */
    kek = keyring_select_one(keyring, "orders");
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 1);
    assert_round_trip(kek, kek);
}
END_TEST

/* While it is shown that they are one key a token answers once as if it had another. */
START_TEST(a_code_of_failure_is_not_taken_for_another_key)
{
    static const CK_RV codes[] = {CKR_GENERAL_ERROR, CKR_DEVICE_ERROR, CKR_BUFFER_TOO_SMALL};
    unsigned hit = 0;

    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "orders", "0102", value);
    for (unsigned before = 0; before < 8; before++) {
        for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
            enum env_reason reason;

            keyring = keyring_new();
            shim_fail_later(SHIM_UNWRAP_KEY, before, codes[i], 1);
            reason = keyring_select_reason(keyring, NULL);
            ck_assert_msg(reason == ENV_R_NONE, "%s", raised_text());
            hit += shim_failures_left(SHIM_UNWRAP_KEY) == 0;
            shim_fail(SHIM_UNWRAP_KEY, CKR_OK, 0);
            kek = keyring_select_one(keyring, NULL);
            (void)wrap();
            let_go();
        }
    }
    ck_assert_uint_ge(hit, 9); /* of each code: in both self-tests and in the proof */
}
END_TEST

/* One of its functions fails for good, and by another it could do as much: that is no other key. */
START_TEST(a_failing_function_is_not_taken_for_another_key)
{
    unsigned hit = 0;

    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "orders", "0102", value);
    keyring_set(&keyring_config()->wrap, "aes-gcm");
    for (unsigned before = 0; before < 8; before++) {
        enum env_reason reason;

        keyring = keyring_new();
        shim_fail_later(SHIM_DECRYPT, before, CKR_DEVICE_ERROR, 1000);
        reason = keyring_select_reason(keyring, NULL);
        if (reason != ENV_R_NONE)
            assert_says("CKR_DEVICE_ERROR");
        hit += shim_failures_left(SHIM_DECRYPT) < 1000;
        shim_fail(SHIM_DECRYPT, CKR_OK, 0);
        let_go();
    }
    ck_assert_uint_ge(hit, 3);
}
END_TEST

/* The handle of a session is not written: that of another token's would be one as well. */
START_TEST(a_session_without_a_handle_is_opened_again)
{
    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "mail", "0304", other_value);
    for (unsigned before = 0; before < 2; before++) {
        static const char *const labels[] = {"orders", "mail"};

        for (int i = 0; i < 2; i++) {
            keyring = keyring_new();
            shim_fail_later(SHIM_OPEN_SESSION, before, CKR_OK, 1);
            kek = keyring_select_one(keyring, labels[i]);
            assert_round_trip(kek, kek);
            ck_assert_uint_eq(shim_failures_left(SHIM_OPEN_SESSION), 0);
            let_go();
        }
    }
}
END_TEST

/* An attribute that does not fit, a token says once: it is no fact about the key. */
START_TEST(an_attribute_that_does_not_fit_once_is_read_again)
{
    unsigned failed = 0;
    unsigned read_again = 0;

    make("kek", "orders", "0102", value);
    for (unsigned before = 0; before < 40; before++) {
        enum env_reason reason;

        keyring = keyring_new();
        shim_fail_later(SHIM_GET_ATTRIBUTE_VALUE, before, CKR_BUFFER_TOO_SMALL, 1);
        reason = keyring_select_reason(keyring, NULL);
        if (reason != ENV_R_NONE) {
            /* of the self-test's key */
            ck_assert(reason == ENV_R_TOKEN_FAILED || reason == ENV_R_UNWRAP_FAILED);
            assert_says("CKR_BUFFER_TOO_SMALL");
            failed++;
        } else if (shim_failures_left(SHIM_GET_ATTRIBUTE_VALUE) == 0) {
            read_again++;
        }
        shim_fail(SHIM_GET_ATTRIBUTE_VALUE, CKR_OK, 0);
        kek = keyring_select_one(keyring, NULL);
        (void)wrap();
        let_go();
    }
    ck_assert_uint_gt(failed, 0);
    /* the list of mechanisms, whose length was asked for then, and two dates; and when the
     * self-test's altered copy failed, whether the token knows the key, which it need not say */
    ck_assert_uint_eq(read_again, 4);
}
END_TEST

/* Another key of the same id: what it sealed it opens, once its token can be searched. */
START_TEST(a_token_that_could_not_be_searched_is_searched_again)
{
    static const char *const names[] = {"pkcs11:token=kek;object=orders",
                                        "pkcs11:token=second;object=orders"};
    struct env_wrapped sealed[2];
    unsigned not_at_once = 0;

    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "orders", "0102", other_value);
    keyring = keyring_new();
    for (int i = 0; i < 2; i++) {
        kek = keyring_select_one(keyring, names[i]);
        sealed[i] = wrap();
        env_kek_free(kek);
        kek = NULL;
    }
    let_go();
    for (int i = 0; i < 2; i++) {
        enum env_reason reason;

        keyring = keyring_new();
        kek = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);
        shim_fail(SHIM_FIND_OBJECTS_INIT, CKR_DEVICE_MEMORY, 1);
        reason = unwrap_reason(&sealed[i]);
        shim_fail(SHIM_FIND_OBJECTS_INIT, CKR_OK, 0);
        ck_assert(reason == ENV_R_NONE || reason == ENV_R_NOT_AUTHENTIC);
        not_at_once += reason != ENV_R_NONE;
        ck_assert_int_eq(unwrap_reason(&sealed[i]), ENV_R_NONE);
        let_go();
    }
    ck_assert_uint_eq(not_at_once, 1);
}
END_TEST

/* What it said of its mechanisms was wrong, or has changed since. */
START_TEST(mechanisms_told_wrongly_are_asked_for_again)
{
    struct env_wrapped wrapped;

    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    keyring = keyring_new();
    kek = keyring_select_one(keyring, NULL);
    wrapped = wrap();
    ck_assert_int_eq(wrapped.alg, ENV_WRAP_AES256_KW);
    let_go();
    keyring = keyring_new();
    shim_mechanism(CKM_AES_KEY_WRAP, CKF_ENCRYPT | CKF_DECRYPT);
    kek = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_UNWRAP_FAILED);
    shim_reset();
    shim_on();
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NONE);
    env_kek_free(kek);
    kek = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NONE);
}
END_TEST

START_TEST(a_modulus_that_has_no_room_is_not_weak)
{
    const struct env_key_attributes key = {
        .rsa = true,
        .bits = 0,
        .id = {.len = 16},
        .sensitive = true,
        .always_sensitive = true,
        .never_extractable = true,
        .private_object = true,
    };

    ck_assert_int_eq(env_policy_refusal(keyring_config(), &key), ENV_R_KEK_KIND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: errors that pass at a second look");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, setup, keyring_kek_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, a_slot_that_fails_once_is_asked_again);
    tcase_add_test(tc, a_module_that_forgets_is_initialised_again);
    tcase_add_test(tc, a_code_of_failure_is_not_taken_for_another_key);
    tcase_add_test(tc, a_failing_function_is_not_taken_for_another_key);
    tcase_add_test(tc, a_session_without_a_handle_is_opened_again);
    tcase_add_test(tc, an_attribute_that_does_not_fit_once_is_read_again);
    tcase_add_test(tc, a_token_that_could_not_be_searched_is_searched_again);
    tcase_add_test(tc, mechanisms_told_wrongly_are_asked_for_again);
    tcase_add_test(tc, a_modulus_that_has_no_room_is_not_weak);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
