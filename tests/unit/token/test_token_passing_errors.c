/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token that failed for a moment did not tell, or told wrongly, is looked at again: with two
 * tokens, of which the other one works all the time.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/token/policy.h"
#include "ring_kek.h"

static const uint8_t value[32] = {1, 2, 3, 4};
static const uint8_t other_value[32] = {5, 6, 7, 8};

static void setup(void)
{
    ring_setup_any_token();
    shim_on();
    kek = NULL;
}

static void let_go(void)
{
    env_kek_free(kek);
    if (ring != NULL)
        ring_free(ring);
    ring = NULL;
    kek = NULL;
}

static void make(const char *token, const char *label, const char *id, const uint8_t *bytes)
{
    softhsm_make_key(
        &(struct softhsm_key){.token = token, .label = label, .id = id, .value = bytes});
}

/* Whichever of the two comes first: the one that failed, or the other. */
START_TEST(a_slot_that_fails_once)
{
    static const char *const labels[] = {"orders", "mail"};

    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "mail", "0304", other_value);
    for (int i = 0; i < 2; i++) {
        ring = ring_new();
        shim_fail(SHIM_GET_TOKEN_INFO, CKR_DEVICE_ERROR, 1);
        kek = ring_select_one(ring, labels[i]);
        assert_round_trip(kek, kek);
        ck_assert_uint_eq(shim_failures_left(SHIM_GET_TOKEN_INFO), 0);
        let_go();
    }
}
END_TEST

START_TEST(a_module_that_forgets_at_the_first_look)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    ring = ring_new();
    shim_fail(SHIM_GET_TOKEN_INFO, CKR_CRYPTOKI_NOT_INITIALIZED, 2); /* in each of its slots */
    kek = ring_select_one(ring, "orders");
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 1);
    assert_round_trip(kek, kek);
}
END_TEST

/* While it is shown that they are one key a token answers once as if it had another. */
START_TEST(a_failure_is_no_other_key)
{
    static const CK_RV codes[] = {CKR_GENERAL_ERROR, CKR_DEVICE_ERROR, CKR_BUFFER_TOO_SMALL};
    unsigned hit = 0;

    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "orders", "0102", value);
    for (unsigned before = 0; before < 8; before++) {
        for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
            enum env_reason reason;

            ring = ring_new();
            shim_fail_later(SHIM_UNWRAP_KEY, before, codes[i], 1);
            reason = ring_select_reason(ring, NULL);
            ck_assert_msg(reason == ENV_R_NONE, "%s", raised_text());
            hit += shim_failures_left(SHIM_UNWRAP_KEY) == 0;
            shim_fail(SHIM_UNWRAP_KEY, CKR_OK, 0);
            kek = ring_select_one(ring, NULL);
            (void)wrap();
            let_go();
        }
    }
    ck_assert_uint_ge(hit, 9); /* of each code: in both self-tests and in the proof */
}
END_TEST

/* One of its functions fails for good, and by another it could do as much: that is no other key. */
START_TEST(a_function_that_fails_is_no_other_key)
{
    unsigned hit = 0;

    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "orders", "0102", value);
    ring_set(&ring_config()->wrap, "aes-gcm");
    for (unsigned before = 0; before < 8; before++) {
        enum env_reason reason;

        ring = ring_new();
        shim_fail_later(SHIM_DECRYPT, before, CKR_DEVICE_ERROR, 1000);
        reason = ring_select_reason(ring, NULL);
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
START_TEST(a_session_without_a_handle)
{
    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "mail", "0304", other_value);
    for (unsigned before = 0; before < 2; before++) {
        static const char *const labels[] = {"orders", "mail"};

        for (int i = 0; i < 2; i++) {
            ring = ring_new();
            shim_fail_later(SHIM_OPEN_SESSION, before, CKR_OK, 1);
            kek = ring_select_one(ring, labels[i]);
            assert_round_trip(kek, kek);
            ck_assert_uint_eq(shim_failures_left(SHIM_OPEN_SESSION), 0);
            let_go();
        }
    }
}
END_TEST

/* An attribute that does not fit, a token says once: it is no fact about the key. */
START_TEST(an_attribute_that_does_not_fit)
{
    unsigned failed = 0;
    unsigned read_again = 0;

    make("kek", "orders", "0102", value);
    for (unsigned before = 0; before < 40; before++) {
        enum env_reason reason;

        ring = ring_new();
        shim_fail_later(SHIM_GET_ATTRIBUTE_VALUE, before, CKR_BUFFER_TOO_SMALL, 1);
        reason = ring_select_reason(ring, NULL);
        if (reason != ENV_R_NONE) {
            /* of the self-test's key */
            ck_assert(reason == ENV_R_TOKEN_FAILED || reason == ENV_R_UNWRAP_FAILED);
            assert_says("CKR_BUFFER_TOO_SMALL");
            failed++;
        } else if (shim_failures_left(SHIM_GET_ATTRIBUTE_VALUE) == 0) {
            read_again++;
        }
        shim_fail(SHIM_GET_ATTRIBUTE_VALUE, CKR_OK, 0);
        kek = ring_select_one(ring, NULL);
        (void)wrap();
        let_go();
    }
    ck_assert_uint_gt(failed, 0);
    ck_assert_uint_eq(read_again, 1); /* the list of mechanisms, whose length was asked for then */
}
END_TEST

/* Another key of the same id: what it sealed it opens, once its token can be searched. */
START_TEST(a_token_that_could_not_be_searched)
{
    static const char *const names[] = {"pkcs11:token=kek;object=orders",
                                        "pkcs11:token=second;object=orders"};
    struct env_wrapped sealed[2];
    unsigned not_at_once = 0;

    softhsm_add_token("second");
    make("kek", "orders", "0102", value);
    make("second", "orders", "0102", other_value);
    ring = ring_new();
    for (int i = 0; i < 2; i++) {
        kek = ring_select_one(ring, names[i]);
        sealed[i] = wrap();
        env_kek_free(kek);
        kek = NULL;
    }
    let_go();
    for (int i = 0; i < 2; i++) {
        enum env_reason reason;

        ring = ring_new();
        kek = ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW);
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
START_TEST(mechanisms_that_are_told_wrongly)
{
    struct env_wrapped wrapped;

    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    ring = ring_new();
    kek = ring_select_one(ring, NULL);
    wrapped = wrap();
    ck_assert_int_eq(wrapped.alg, ENV_WRAP_AES256_KW);
    let_go();
    ring = ring_new();
    shim_mechanism(CKM_AES_KEY_WRAP, CKF_ENCRYPT | CKF_DECRYPT);
    kek = ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_UNWRAP_FAILED);
    shim_reset();
    shim_on();
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NONE);
    env_kek_free(kek);
    kek = ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NONE);
}
END_TEST

START_TEST(a_modulus_that_has_no_room_is_not_weak)
{
    const struct env_key_facts key = {
        .rsa = true,
        .bits = 0,
        .id_len = 16,
        .sensitive = true,
        .always_sensitive = true,
        .never_extractable = true,
        .private_object = true,
    };

    ck_assert_int_eq(env_policy_refusal(ring_config(), &key), ENV_R_KEK_KIND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keymgmt second look");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, ring_kek_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, a_slot_that_fails_once);
    tcase_add_test(tc, a_module_that_forgets_at_the_first_look);
    tcase_add_test(tc, a_failure_is_no_other_key);
    tcase_add_test(tc, a_function_that_fails_is_no_other_key);
    tcase_add_test(tc, a_session_without_a_handle);
    tcase_add_test(tc, an_attribute_that_does_not_fit);
    tcase_add_test(tc, a_token_that_could_not_be_searched);
    tcase_add_test(tc, mechanisms_that_are_told_wrongly);
    tcase_add_test(tc, a_modulus_that_has_no_room_is_not_weak);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
