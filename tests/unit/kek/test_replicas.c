/* SPDX-License-Identifier: Apache-2.0 */
/* The same KEK on two tokens: each replaces the other when that is gone, fails or is refused. */
#include "caller.h"
#include "two_tokens.h"

START_TEST(each_stands_in_for_the_other)
{
    struct env_wrapped by_both;
    struct env_wrapped by_other;

    make_both();
    keyring_begin();
    by_both = wrap();
    softhsm_hide_token(first);
    shim_forget_counts();
    assert_opens(&by_both);
    by_other = wrap();
    assert_opens(&by_other);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 0); /* at once: nothing is started afresh */
    softhsm_restore_token(first);
    until_it_is_tried_again();
    assert_opens(&by_other);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 1);
    softhsm_hide_token(other);
    assert_opens(&by_both);
    assert_opens(&by_other);
    (void)wrap();
    softhsm_restore_token(other);
}
END_TEST

/* A vain look for the lost one is not repeated with every operation. */
START_TEST(a_lost_token_is_not_looked_for_by_every_operation)
{
    make_both();
    keyring_begin();
    softhsm_hide_token(first);
    (void)wrap();
    shim_forget_counts();
    for (int i = 0; i < 100; i++)
        (void)wrap();
    ck_assert_uint_eq(shim_count(SHIM_WRAP_KEY), 100);
    ck_assert_uint_eq(shim_count(SHIM_FIND_OBJECTS_INIT), 0);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 0);
    until_it_is_tried_again();
    for (int i = 0; i < 100; i++)
        (void)wrap();
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 1);
    softhsm_restore_token(first);
}
END_TEST

/* Both go in turn, one at least being there: found at once however short ago it was lost. */
START_TEST(tokens_that_take_turns_are_found_at_once)
{
    static const char *const labels[] = {"kek", "second"};
    struct env_wrapped early;

    make_both();
    keyring_begin();
    early = wrap();
    for (int i = 0; i < 6; i++) {
        struct env_wrapped wrapped;

        softhsm_hide_token(labels[i % 2]);
        wrapped = wrap();
        assert_opens(&early);
        softhsm_restore_token(labels[i % 2]);
        assert_opens(&wrapped);
    }
}
END_TEST

START_TEST(both_tokens_gone_is_reported_and_cured)
{
    make_both();
    keyring_begin();
    softhsm_hide_token(first);
    softhsm_hide_token(other);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(env_kek_out_of_reach(wrap_reason()), "%s", raised_text());
    softhsm_restore_token(other);
    (void)wrap();
    softhsm_hide_token(other);
    softhsm_restore_token(first);
    (void)wrap();
    softhsm_restore_token(other);
}
END_TEST

START_TEST(a_named_token_has_no_replica_for_sealing)
{
    struct env_wrapped wrapped;

    make_both();
    keyring_set(&keyring_config()->kek, "pkcs11:token=kek;object=orders");
    keyring_begin();
    wrapped = wrap();
    softhsm_hide_token("kek");
    ck_assert_msg(env_kek_out_of_reach(wrap_reason()), "%s", raised_text());
    assert_says("token 'kek'");
    env_kek_free(kek);
    kek = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);
    assert_opens(&wrapped);
    softhsm_restore_token("kek");
}
END_TEST

/* Not known when sealing began: it is looked for when it is needed. */
START_TEST(a_replica_that_comes_later_is_found)
{
    struct env_wrapped wrapped;

    make_both();
    softhsm_hide_token("second");
    keyring_begin();
    wrapped = wrap();
    softhsm_restore_token("second");
    softhsm_hide_token("kek");
    assert_opens(&wrapped);
    (void)wrap();
    softhsm_restore_token("kek");
}
END_TEST

START_TEST(a_replica_that_the_policy_refuses_never_seals)
{
    make_orders("kek", value);
    softhsm_make_key(&(struct softhsm_key){
        .token = "second", .label = "orders", .id = "0102", .value = value, .extractable = true});
    keyring_begin();
    (void)wrap();
    softhsm_hide_token("kek");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_EXTRACTABLE);
    assert_says("of token 'second'");
    softhsm_restore_token("kek");
}
END_TEST

START_TEST(a_first_token_that_the_policy_refuses_is_passed_over)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "0102", .value = value, .extractable = true});
    make_orders("second", value);
    keyring_begin();
    env_kek_free(keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW));
    softhsm_hide_token("second");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_EXTRACTABLE);
    softhsm_restore_token("second");
}
END_TEST

START_TEST(a_replica_whose_pin_is_wrong_is_reported_when_needed)
{
    make_both();
    shim_fail(SHIM_LOGIN, CKR_PIN_INCORRECT, 1);
    keyring_begin();
    softhsm_hide_token(first); /* of those whose PIN is right */
    ck_assert_int_eq(wrap_reason(), ENV_R_PIN_WRONG);
    assert_says(other);
    softhsm_restore_token(first);
}
END_TEST

/* Whatever one token says, the other is asked, and the module is left alone. */
START_TEST(any_code_of_one_token_leads_to_the_other)
{
    static const CK_RV codes[] = {CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_CRYPTOKI_NOT_INITIALIZED,
                                  CKR_FUNCTION_REJECTED};

    make_both();
    keyring_begin();
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        until_it_is_tried_again();
        (void)wrap();
        shim_forget_counts();
        shim_fail(SHIM_WRAP_KEY, codes[i], 1);
        (void)wrap();
        ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 0);
        ck_assert_uint_eq(shim_failures_left(SHIM_WRAP_KEY), 0);
    }
}
END_TEST

/* Sessions that are lost are no loss of the token. */
START_TEST(lost_sessions_are_opened_anew_before_the_replica_is_asked)
{
    make_both();
    keyring_begin();
    shim_forget_counts();
    shim_fail(SHIM_WRAP_KEY, CKR_SESSION_HANDLE_INVALID, 1);
    (void)wrap();
    (void)wrap();
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 0);
}
END_TEST

START_TEST(a_bad_ciphertext_is_one_error)
{
    struct env_wrapped wrapped;
    unsigned before;

    make_both();
    keyring_begin();
    wrapped = wrap();
    wrapped.data[3] ^= 1;
    before = raised_count();
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NOT_AUTHENTIC);
    softhsm_hide_token(first);
    ck_assert_int_eq(unwrap_reason(&wrapped), ENV_R_NOT_AUTHENTIC);
    ck_assert_uint_eq(raised_count(), before);
    softhsm_restore_token(first);
}
END_TEST

START_TEST(key_wrap_has_replicas_too)
{
    const struct env_selector selector = {0};
    const uint8_t in[24] = {1, 2, 3};
    uint8_t wrapped[sizeof(in) + ENV_KEY_WRAP_SLACK];
    uint8_t back[sizeof(wrapped) + ENV_KEY_WRAP_SLACK];
    size_t len;
    size_t back_len;

    make_both();
    keyring = keyring_new();
    ck_assert(env_ok(keyring->vtable->select_for_key_wrap(keyring, &selector, 256, &kek, NULL)));
    ck_assert(env_ok(kek->vtable->key_wrap(kek, ENV_KEY_WRAP_KW, in, sizeof(in), wrapped, &len)));
    softhsm_hide_token("kek");
    for (int i = 0; i < 2; i++) {
        ck_assert(
            env_ok(kek->vtable->key_unwrap(kek, ENV_KEY_WRAP_KW, wrapped, len, back, &back_len)));
        ck_assert_uint_eq(back_len, sizeof(in));
        ck_assert_mem_eq(back, in, sizeof(in));
        ck_assert(
            env_ok(kek->vtable->key_wrap(kek, ENV_KEY_WRAP_KW, in, sizeof(in), wrapped, &len)));
    }
    wrapped[0] ^= 1;
    ck_assert_int_eq(
        kek->vtable->key_unwrap(kek, ENV_KEY_WRAP_KW, wrapped, len, back, &back_len).reason,
        ENV_R_WRAPPED_KEY);
    softhsm_restore_token("kek");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kek: replicas");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, two_tokens_setup, keyring_kek_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, each_stands_in_for_the_other);
    tcase_add_test(tc, a_lost_token_is_not_looked_for_by_every_operation);
    tcase_add_test(tc, tokens_that_take_turns_are_found_at_once);
    tcase_add_test(tc, both_tokens_gone_is_reported_and_cured);
    tcase_add_test(tc, a_named_token_has_no_replica_for_sealing);
    tcase_add_test(tc, a_replica_that_comes_later_is_found);
    tcase_add_test(tc, a_replica_that_the_policy_refuses_never_seals);
    tcase_add_test(tc, a_first_token_that_the_policy_refuses_is_passed_over);
    tcase_add_test(tc, a_replica_whose_pin_is_wrong_is_reported_when_needed);
    tcase_add_test(tc, any_code_of_one_token_leads_to_the_other);
    tcase_add_test(tc, lost_sessions_are_opened_anew_before_the_replica_is_asked);
    tcase_add_test(tc, a_bad_ciphertext_is_one_error);
    tcase_add_test(tc, key_wrap_has_replicas_too);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
