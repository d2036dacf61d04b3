/* SPDX-License-Identifier: Apache-2.0 */
/* The same KEK on two tokens: each stands in for the other, and what is not the same key never
 * does. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring_case.h"

static const uint8_t value[32] = {1, 2, 3, 4};
static const uint8_t other_value[32] = {5, 6, 7, 8};

static struct env_kek *kek;

static void setup(void)
{
    ring_setup_any_token();
    softhsm_add_token("second");
    shim_on();
    kek = NULL;
}

static void teardown(void)
{
    env_kek_free(kek);
    ring_teardown();
}

static void make(const char *token, const uint8_t *bytes)
{
    softhsm_make_key(
        &(struct softhsm_key){.token = token, .label = "orders", .id = "0102", .value = bytes});
}

/* The same key on both. */
static void make_both(void)
{
    make("kek", value);
    make("second", value);
}

/* The tokens in the order in which the module has them. */
static const char *first;
static const char *other;

static void begin(void)
{
    struct env_kek_facts *facts = malloc(sizeof(*facts));

    ck_assert_ptr_nonnull(facts);
    ring = ring_new();
    kek = ring_select_one(ring, NULL);
    assert_round_trip(kek, kek);
    kek->vtable->describe(kek, facts);
    first = strcmp(facts->token, "kek") == 0 ? "kek" : "second";
    other = strcmp(facts->token, "kek") == 0 ? "second" : "kek";
    free(facts);
}

static void assert_says(const char *text)
{
    ck_assert_msg(strstr(raised_text(), text) != NULL, "\"%s\" is not in \"%s\"", text,
                  raised_text());
}

static const uint8_t dek[ENV_DEK_LEN] = {9, 9, 9};

static struct env_wrapped wrap(void)
{
    struct env_wrapped wrapped;
    ENV_RESULT r = kek->vtable->wrap(kek, dek, &wrapped);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    return wrapped;
}

static enum env_reason wrap_reason(void)
{
    struct env_wrapped wrapped;
    ENV_RESULT r = kek->vtable->wrap(kek, dek, &wrapped);

    ck_assert(env_ok(r) || r.raised);
    return r.reason;
}

static enum env_reason unwrap_reason(const struct env_wrapped *wrapped)
{
    uint8_t back[ENV_DEK_LEN] = {0};
    ENV_RESULT r = kek->vtable->unwrap(kek, wrapped, NULL, back);

    if (env_ok(r))
        ck_assert_mem_eq(back, dek, sizeof(dek));
    ck_assert(env_ok(r) || r.raised == (r.reason != ENV_R_NOT_AUTHENTIC));
    return r.reason;
}

static void assert_opens(const struct env_wrapped *wrapped)
{
    ck_assert_msg(unwrap_reason(wrapped) == ENV_R_NONE, "%s", raised_text());
}

/* What is lost is tried again after two seconds. */
static void until_it_is_tried_again(void)
{
    (void)usleep(2200000);
}

START_TEST(each_stands_in_for_the_other)
{
    struct env_wrapped by_both;
    struct env_wrapped by_other;

    make_both();
    begin();
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
START_TEST(what_is_lost_costs_little)
{
    make_both();
    begin();
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
START_TEST(taking_turns)
{
    static const char *const labels[] = {"kek", "second"};
    struct env_wrapped early;

    make_both();
    begin();
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

START_TEST(both_gone_is_told_and_cured)
{
    make_both();
    begin();
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

START_TEST(another_key_of_the_same_id)
{
    struct env_wrapped sealed[2];
    static const char *const names[] = {"pkcs11:token=kek;object=orders",
                                        "pkcs11:token=second;object=orders"};

    make("kek", value);
    make("second", other_value);
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

START_TEST(a_named_token_has_no_stand_in_for_sealing)
{
    struct env_wrapped wrapped;

    make_both();
    ring_set(&ring_config()->kek, "pkcs11:token=kek;object=orders");
    begin();
    wrapped = wrap();
    softhsm_hide_token("kek");
    ck_assert_msg(env_kek_out_of_reach(wrap_reason()), "%s", raised_text());
    assert_says("token 'kek'");
    env_kek_free(kek);
    kek = ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW);
    assert_opens(&wrapped);
    softhsm_restore_token("kek");
}
END_TEST

/* Not known when sealing began: it is looked for when it is needed. */
START_TEST(a_stand_in_that_comes_later)
{
    struct env_wrapped wrapped;

    make_both();
    softhsm_hide_token("second");
    begin();
    wrapped = wrap();
    softhsm_restore_token("second");
    softhsm_hide_token("kek");
    assert_opens(&wrapped);
    (void)wrap();
    softhsm_restore_token("kek");
}
END_TEST

START_TEST(another_key_that_comes_later)
{
    struct env_wrapped wrapped;

    make("kek", value);
    make("second", other_value);
    softhsm_hide_token("second");
    begin();
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
    make(first, other_value);
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
    begin();
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
    begin();
    replace_first();
    assert_sealed_by_other();
}
END_TEST

START_TEST(one_of_them_is_refused)
{
    make("kek", value);
    softhsm_make_key(&(struct softhsm_key){
        .token = "second", .label = "orders", .id = "0102", .value = value, .extractable = true});
    begin();
    (void)wrap();
    softhsm_hide_token("kek");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_EXTRACTABLE);
    assert_says("of token 'second'");
    softhsm_restore_token("kek");
}
END_TEST

START_TEST(the_first_of_them_is_refused)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "0102", .value = value, .extractable = true});
    make("second", value);
    begin();
    env_kek_free(ring_lookup_one(ring, "0102", ENV_WRAP_AES256_KW));
    softhsm_hide_token("second");
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_EXTRACTABLE);
    softhsm_restore_token("second");
}
END_TEST

START_TEST(one_of_them_refuses_the_pin)
{
    make_both();
    shim_fail(SHIM_LOGIN, CKR_PIN_INCORRECT, 1);
    begin();
    softhsm_hide_token(first); /* of those whose PIN is right */
    ck_assert_int_eq(wrap_reason(), ENV_R_PIN_WRONG);
    assert_says(other);
    softhsm_restore_token(first);
}
END_TEST

/* Whatever one token says, the other is asked, and the module is left alone. */
START_TEST(codes_that_one_of_them_gives)
{
    static const CK_RV codes[] = {CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_CRYPTOKI_NOT_INITIALIZED,
                                  CKR_FUNCTION_REJECTED};

    make_both();
    begin();
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
START_TEST(lost_sessions_are_opened_anew)
{
    make_both();
    begin();
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
    begin();
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
    begin();
    softhsm_hide_token(first);
    ck_assert_int_eq(wrap_reason(), ENV_R_KEK_UNPROVEN);
    assert_says(other);
    softhsm_restore_token(first);
}
END_TEST

/* The second can not open what the first wraps, but the first what the second does. */
START_TEST(shown_the_other_way_round)
{
    make("kek", value);
    softhsm_make_key(&(struct softhsm_key){.token = "second",
                                           .label = "orders",
                                           .id = "0102",
                                           .value = value,
                                           .no_wrap = true,
                                           .no_unwrap = true});
    begin();
    softhsm_hide_token("kek");
    (void)wrap();
    softhsm_restore_token("kek");
}
END_TEST

START_TEST(nonces_of_the_tokens_choosing)
{
    make("kek", value);
    ring_set(&ring_config()->wrap, "aes-gcm");
    shim_gcm_chooses_nonce();
    begin(); /* alone it may */
    ring_free(ring);
    env_kek_free(kek);
    kek = NULL;
    make("second", value);
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, NULL), ENV_R_KEK_TOKEN_NONCE);
    assert_says("of token 'kek'");
}
END_TEST

START_TEST(nonces_of_ours_are_fine)
{
    make_both();
    ring_set(&ring_config()->wrap, "aes-gcm");
    begin();
    softhsm_hide_token(first);
    (void)wrap();
    softhsm_restore_token(first);
}
END_TEST

START_TEST(keys_of_other_lengths_do_not_stand_in)
{
    make("kek", value);
    softhsm_make_key(&(struct softhsm_key){
        .token = "second", .label = "orders", .id = "0102", .value = value, .bits = 128});
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, NULL), ENV_R_KEK_AMBIGUOUS);
}
END_TEST

/* By the id alone, whatever they are called. */
START_TEST(another_label_stands_in)
{
    make("kek", value);
    softhsm_make_key(&(struct softhsm_key){
        .token = "second", .label = "the same", .id = "0102", .value = value});
    begin();
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
        begin();
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

START_TEST(key_wrap_has_stand_ins_too)
{
    const struct env_selector selector = {0};
    const uint8_t in[24] = {1, 2, 3};
    uint8_t wrapped[sizeof(in) + ENV_RAW_SLACK];
    uint8_t back[sizeof(wrapped) + ENV_RAW_SLACK];
    size_t len;
    size_t back_len;

    make_both();
    ring = ring_new();
    ck_assert(env_ok(ring->vtable->select_raw(ring, &selector, 256, &kek)));
    ck_assert(env_ok(kek->vtable->raw_wrap(kek, ENV_RAW_KW, in, sizeof(in), wrapped, &len)));
    softhsm_hide_token("kek");
    for (int i = 0; i < 2; i++) {
        ck_assert(env_ok(kek->vtable->raw_unwrap(kek, ENV_RAW_KW, wrapped, len, back, &back_len)));
        ck_assert_uint_eq(back_len, sizeof(in));
        ck_assert_mem_eq(back, in, sizeof(in));
        ck_assert(env_ok(kek->vtable->raw_wrap(kek, ENV_RAW_KW, in, sizeof(in), wrapped, &len)));
    }
    wrapped[0] ^= 1;
    ck_assert_int_eq(kek->vtable->raw_unwrap(kek, ENV_RAW_KW, wrapped, len, back, &back_len).reason,
                     ENV_R_WRAPPED_KEY);
    softhsm_restore_token("kek");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keymgmt stand-ins");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, each_stands_in_for_the_other);
    tcase_add_test(tc, what_is_lost_costs_little);
    tcase_add_test(tc, taking_turns);
    tcase_add_test(tc, both_gone_is_told_and_cured);
    tcase_add_test(tc, another_key_of_the_same_id);
    tcase_add_test(tc, a_named_token_has_no_stand_in_for_sealing);
    tcase_add_test(tc, a_stand_in_that_comes_later);
    tcase_add_test(tc, another_key_that_comes_later);
    tcase_add_test(tc, a_token_that_comes_back_with_another_key);
    tcase_add_test(tc, a_key_that_is_replaced_in_its_place);
    tcase_add_test(tc, one_of_them_is_refused);
    tcase_add_test(tc, the_first_of_them_is_refused);
    tcase_add_test(tc, one_of_them_refuses_the_pin);
    tcase_add_test(tc, codes_that_one_of_them_gives);
    tcase_add_test(tc, lost_sessions_are_opened_anew);
    tcase_add_test(tc, a_bad_ciphertext_is_one_error);
    tcase_add_test(tc, no_mechanism_in_common);
    tcase_add_test(tc, shown_the_other_way_round);
    tcase_add_test(tc, nonces_of_the_tokens_choosing);
    tcase_add_test(tc, nonces_of_ours_are_fine);
    tcase_add_test(tc, keys_of_other_lengths_do_not_stand_in);
    tcase_add_test(tc, another_label_stands_in);
    tcase_add_test(tc, named_twice_is_one_recipient);
    tcase_add_test(tc, key_wrap_has_stand_ins_too);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
