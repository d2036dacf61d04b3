/* SPDX-License-Identifier: Apache-2.0 */
/* Keys on two tokens that stand in for each other because they are shown to be the same key, and
 * those that are not and never do. */
#include "caller.h"
#include "two_tokens.h"

START_TEST(another_key_of_the_same_id)
{
    struct env_wrapped sealed[2];
    static const char *const names[] = {"pkcs11:token=kek;object=orders",
                                        "pkcs11:token=second;object=orders"};

    make_orders("kek", value);
    make_orders("second", other_value);
    ring = ring_new();
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(ring_select_reason(ring, NULL), ENV_R_KEK_DIFFERS);
    assert_says("key 'orders' (id 0102) of token 'kek'");
    assert_says("key 'orders' (id 0102) of token 'second'");
    /* who names the token knows which he wants; and what either sealed opens */
    for (int i = 0; i < 2; i++) {
        kek = ring_select_one(ring, names[i]);
        sealed[i] = wrap();
        env_kek_free(kek);
    }
    kek = ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW);
    assert_opens(&sealed[0]);
    assert_opens(&sealed[1]);
    sealed[1].data[0] ^= 1;
    ck_assert_int_eq(unwrap_reason(&sealed[1]), ENV_R_NOT_AUTHENTIC);
}
END_TEST

START_TEST(another_key_that_comes_later)
{
    struct env_wrapped wrapped;

    make_orders("kek", value);
    make_orders("second", other_value);
    softhsm_hide_token("second");
    ring_begin();
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
START_TEST(a_token_that_comes_back_with_another_key)
{
    make_both();
    ring_begin();
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
START_TEST(a_key_that_is_replaced_in_its_place)
{
    make_both();
    ring_begin();
    replace_first();
    assert_sealed_by_other();
}
END_TEST

START_TEST(no_mechanism_in_common)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "0102", .value = value, .no_encrypt = true, .no_decrypt = true});
    softhsm_make_key(&(struct softhsm_key){.token = "second",
                                           .label = "orders",
                                           .id = "0102",
                                           .value = value,
                                           .no_wrap = true,
                                           .no_unwrap = true});
    ring_begin();
    softhsm_hide_token(first);
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_UNPROVEN);
    assert_says(other);
    softhsm_restore_token(first);
}
END_TEST

/* The second can not open what the first wraps, but the first what the second does. */
START_TEST(shown_the_other_way_round)
{
    make_orders("kek", value);
    softhsm_make_key(&(struct softhsm_key){.token = "second",
                                           .label = "orders",
                                           .id = "0102",
                                           .value = value,
                                           .no_wrap = true,
                                           .no_unwrap = true});
    ring_begin();
    softhsm_hide_token("kek");
    (void)wrap();
    softhsm_restore_token("kek");
}
END_TEST

START_TEST(nonces_of_the_tokens_choosing)
{
    make_orders("kek", value);
    ring_set(&ring_config()->wrap, "aes-gcm");
    shim_gcm_chooses_nonce();
    ring_begin(); /* alone it may */
    ring_free(ring);
    env_kek_free(kek);
    kek = NULL;
    make_orders("second", value);
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, NULL), ENV_R_KEK_TOKEN_NONCE);
    assert_says("of token 'kek'");
}
END_TEST

START_TEST(nonces_of_ours_are_fine)
{
    make_both();
    ring_set(&ring_config()->wrap, "aes-gcm");
    ring_begin();
    softhsm_hide_token(first);
    (void)wrap();
    softhsm_restore_token(first);
}
END_TEST

START_TEST(keys_of_other_lengths_do_not_stand_in)
{
    make_orders("kek", value);
    softhsm_make_key(&(struct softhsm_key){
        .token = "second", .label = "orders", .id = "0102", .value = value, .bits = 128});
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, NULL), ENV_R_KEK_AMBIGUOUS);
}
END_TEST

/* By the id alone, whatever they are called. */
START_TEST(another_label_stands_in)
{
    make_orders("kek", value);
    softhsm_make_key(&(struct softhsm_key){
        .token = "second", .label = "the same", .id = "0102", .value = value});
    ring_begin();
    softhsm_hide_token("kek");
    (void)wrap();
    softhsm_restore_token("kek");
}
END_TEST

/* Named with its token it adds nothing to the KEK with all that stand in, in whatever order. */
START_TEST(named_twice_is_one_recipient)
{
    static const char *const lists[] = {"orders pkcs11:token=second;object=orders",
                                        "pkcs11:token=second;object=orders orders",
                                        "orders orders pkcs11:object=orders pkcs11:id=%01%02"};

    make_both();
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        ring_set(&ring_config()->kek, lists[i]);
        ring_begin();
        softhsm_hide_token("second");
        (void)wrap();
        softhsm_restore_token("second");
        softhsm_hide_token("kek");
        (void)wrap();
        softhsm_restore_token("kek");
        ring_free(ring);
        env_kek_free(kek);
        kek = NULL;
    }
    ring = NULL;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keymgmt stand-ins shown");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, two_tokens_setup, ring_kek_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, another_key_of_the_same_id);
    tcase_add_test(tc, another_key_that_comes_later);
    tcase_add_test(tc, a_token_that_comes_back_with_another_key);
    tcase_add_test(tc, a_key_that_is_replaced_in_its_place);
    tcase_add_test(tc, no_mechanism_in_common);
    tcase_add_test(tc, shown_the_other_way_round);
    tcase_add_test(tc, nonces_of_the_tokens_choosing);
    tcase_add_test(tc, nonces_of_ours_are_fine);
    tcase_add_test(tc, keys_of_other_lengths_do_not_stand_in);
    tcase_add_test(tc, another_label_stands_in);
    tcase_add_test(tc, named_twice_is_one_recipient);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
