/* SPDX-License-Identifier: Apache-2.0 */
/* Keys on two tokens that replace each other because they are proven to be the same key, and
 * keys that are not the same and never replace each other. */
#include "caller.h"
#include "two_tokens.h"

START_TEST(another_key_of_the_same_id_is_refused)
{
    struct env_wrapped sealed[2];
    static const char *const names[] = {"pkcs11:token=kek;object=orders",
                                        "pkcs11:token=second;object=orders"};

    make_orders("kek", value);
    make_orders("second", other_value);
    keyring = keyring_new();
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(keyring_select_reason(keyring, NULL), ENV_R_KEK_DIFFERS);
    assert_says("key 'orders' (id 0102) of token 'kek'");
    assert_says("key 'orders' (id 0102) of token 'second'");
    /* a URI with a token means that key; and what either sealed opens */
    for (int i = 0; i < 2; i++) {
        kek = keyring_select_one(keyring, names[i]);
        sealed[i] = wrap();
        env_kek_free(kek);
    }
    kek = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);
    assert_opens(&sealed[0]);
    assert_opens(&sealed[1]);
    sealed[1].data[0] ^= 1;
    ck_assert_int_eq(unwrap_reason(&sealed[1]), ENV_R_NOT_AUTHENTIC);
}
END_TEST

START_TEST(another_key_that_comes_later_is_refused)
{
    struct env_wrapped wrapped;

    make_orders("kek", value);
    make_orders("second", other_value);
    softhsm_hide_token("second");
    keyring_begin();
    wrapped = wrap();
    softhsm_restore_token("second");
    softhsm_hide_token("kek");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DIFFERS);
    assert_says("of token 'second'");
    softhsm_restore_token("kek");
    until_it_is_tried_again();
    assert_opens(&wrapped);
    wrapped = wrap();
    softhsm_hide_token("second");
    assert_opens(&wrapped);
    softhsm_restore_token("second");
}
END_TEST

static void replace_first(void)
{
    softhsm_delete_key(first, "orders");
    make_orders(first, other_value);
}

static void assert_sealed_by_other(void)
{
    struct env_wrapped wrapped = wrap();

    softhsm_hide_token(first);
    assert_opens(&wrapped);
    softhsm_restore_token(first);
}

/* The token that returns is not the one that went. */
START_TEST(a_token_that_comes_back_with_another_key_is_refused)
{
    make_both();
    keyring_begin();
    softhsm_hide_token(first);
    (void)wrap();
    softhsm_restore_token(first);
    replace_first();
    until_it_is_tried_again();
    assert_sealed_by_other();
    until_it_is_tried_again();
    softhsm_hide_token(other);
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_DIFFERS);
    assert_says(first);
    softhsm_restore_token(other);
}
END_TEST

/* Without ever being away: its handle is invalid, and what is found in its place is another key. */
START_TEST(a_key_replaced_in_its_place_is_no_longer_used)
{
    make_both();
    keyring_begin();
    replace_first();
    assert_sealed_by_other();
}
END_TEST

START_TEST(without_a_common_mechanism_a_replica_is_unproven)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "0102", .value = value, .no_encrypt = true, .no_decrypt = true});
    softhsm_make_key(&(struct softhsm_key){.token = "second",
                                           .label = "orders",
                                           .id = "0102",
                                           .value = value,
                                           .no_wrap = true,
                                           .no_unwrap = true});
    keyring_begin();
    softhsm_hide_token(first);
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_UNPROVEN);
    assert_says(other);
    softhsm_restore_token(first);
}
END_TEST

/* The second cannot open what the first wraps, but the first what the second does. */
START_TEST(one_direction_is_proof_enough)
{
    make_orders("kek", value);
    softhsm_make_key(&(struct softhsm_key){.token = "second",
                                           .label = "orders",
                                           .id = "0102",
                                           .value = value,
                                           .no_wrap = true,
                                           .no_unwrap = true});
    keyring_begin();
    softhsm_hide_token("kek");
    (void)wrap();
    softhsm_restore_token("kek");
}
END_TEST

START_TEST(a_token_that_chooses_nonces_may_have_no_replica)
{
    make_orders("kek", value);
    keyring_set(&keyring_config()->wrap, "aes-gcm");
    shim_gcm_chooses_nonce();
    keyring_begin(); /* alone it may */
    keyring_free(keyring);
    env_kek_free(kek);
    kek = NULL;
    make_orders("second", value);
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, NULL), ENV_R_KEK_TOKEN_NONCE);
    assert_says("of token 'kek'");
}
END_TEST

START_TEST(gcm_with_our_nonces_may_have_replicas)
{
    make_both();
    keyring_set(&keyring_config()->wrap, "aes-gcm");
    keyring_begin();
    softhsm_hide_token(first);
    (void)wrap();
    softhsm_restore_token(first);
}
END_TEST

START_TEST(keys_of_another_length_are_no_replicas)
{
    make_orders("kek", value);
    softhsm_make_key(&(struct softhsm_key){
        .token = "second", .label = "orders", .id = "0102", .value = value, .bits = 128});
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, NULL), ENV_R_KEK_AMBIGUOUS);
}
END_TEST

/* By the id alone, whatever they are called. */
START_TEST(a_replica_may_have_another_label)
{
    make_orders("kek", value);
    softhsm_make_key(&(struct softhsm_key){
        .token = "second", .label = "the same", .id = "0102", .value = value});
    keyring_begin();
    softhsm_hide_token("kek");
    (void)wrap();
    softhsm_restore_token("kek");
}
END_TEST

/* Named with its token, it adds nothing to the KEK with all its replicas, in any order. */
START_TEST(a_kek_named_twice_is_one_recipient)
{
    static const char *const lists[] = {"orders pkcs11:token=second;object=orders",
                                        "pkcs11:token=second;object=orders orders",
                                        "orders orders pkcs11:object=orders pkcs11:id=%01%02"};

    make_both();
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        keyring_set(&keyring_config()->kek, lists[i]);
        keyring_begin();
        softhsm_hide_token("second");
        (void)wrap();
        softhsm_restore_token("second");
        softhsm_hide_token("kek");
        (void)wrap();
        softhsm_restore_token("kek");
        keyring_free(keyring);
        env_kek_free(kek);
        kek = NULL;
    }
    keyring = NULL;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kek: proof that a replica is the same key");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, two_tokens_setup, keyring_kek_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, another_key_of_the_same_id_is_refused);
    tcase_add_test(tc, another_key_that_comes_later_is_refused);
    tcase_add_test(tc, a_token_that_comes_back_with_another_key_is_refused);
    tcase_add_test(tc, a_key_replaced_in_its_place_is_no_longer_used);
    tcase_add_test(tc, without_a_common_mechanism_a_replica_is_unproven);
    tcase_add_test(tc, one_direction_is_proof_enough);
    tcase_add_test(tc, a_token_that_chooses_nonces_may_have_no_replica);
    tcase_add_test(tc, gcm_with_our_nonces_may_have_replicas);
    tcase_add_test(tc, keys_of_another_length_are_no_replicas);
    tcase_add_test(tc, a_replica_may_have_another_label);
    tcase_add_test(tc, a_kek_named_twice_is_one_recipient);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
