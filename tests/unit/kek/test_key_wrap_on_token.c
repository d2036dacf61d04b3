/* SPDX-License-Identifier: Apache-2.0 */
/* Raw key wrap on SoftHSM: the tests that the token must pass first, and what is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "keymgmt/token/p11.h"
#include "keyring_case.h"
#include "stopped_clock.h"

static uint8_t data[ENV_KEY_WRAP_MAX], out[ENV_KEY_WRAP_MAX + 64], back[ENV_KEY_WRAP_MAX + 64];
static size_t len;

static void setup(void)
{
    keyring_setup();
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 3 + 1);
}

static ENV_RESULT select_for_key_wrap(const char *name, size_t bits, struct env_kek **kek)
{
    const struct env_selector selector = {.name = name};

    if (keyring == NULL)
        keyring = keyring_new();
    return keyring->vtable->select_for_key_wrap(keyring, &selector, bits, kek, NULL);
}

static struct env_kek *the_kek(const char *name, size_t bits)
{
    struct env_kek *kek = NULL;
    ENV_RESULT r = select_for_key_wrap(name, bits, &kek);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    return kek;
}

static struct env_kek *usual(void)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "0102", .no_encrypt = true, .no_decrypt = true});
    return the_kek("orders", 256);
}

static enum env_reason wrap(struct env_kek *kek, enum env_key_wrap_kind alg, size_t data_len)
{
    return kek->vtable->key_wrap(kek, alg, data, data_len, out, &len).reason;
}

/* Wraps and unwraps again. */
static void round_trip(struct env_kek *kek, enum env_key_wrap_kind alg, size_t data_len)
{
    size_t back_len;
    ENV_RESULT r = kek->vtable->key_wrap(kek, alg, data, data_len, out, &len);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    ck_assert_uint_eq(len, (data_len + 7) / 8 * 8 + 8);
    r = kek->vtable->key_unwrap(kek, alg, out, len, back, &back_len);
    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    ck_assert_uint_eq(back_len, data_len);
    ck_assert_mem_eq(back, data, data_len);
}

START_TEST(softhsm_wraps_what_it_can_and_refuses_the_rest)
{
    struct env_kek *kek = usual();

    for (size_t n = 16; n <= ENV_KEY_WRAP_MAX; n *= 4) {
        round_trip(kek, ENV_KEY_WRAP_KW, n);
        round_trip(kek, ENV_KEY_WRAP_KWP, n);
    }
    round_trip(kek, ENV_KEY_WRAP_KWP, 8);
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KWP, 20), ENV_R_WRAP_LENGTH);
    ck_assert_msg(strstr(raised_text(), "to wrap 20 bytes") != NULL, "%s", raised_text());
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KWP, 7), ENV_R_WRAP_LENGTH);
    env_kek_free(kek);
}
END_TEST

START_TEST(the_known_key_is_private_where_it_must_be)
{
    struct env_kek *kek;

    shim_on();
    shim_no_public_objects();
    kek = usual();
    round_trip(kek, ENV_KEY_WRAP_KWP, 32);
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KWP, 20), ENV_R_WRAP_LENGTH);
    env_kek_free(kek);
}
END_TEST

START_TEST(the_known_answer_is_asked_for_once)
{
    struct env_kek *kek;
    unsigned created;

    shim_on();
    kek = usual();
    round_trip(kek, ENV_KEY_WRAP_KWP, 32);
    shim_forget_counts();
    round_trip(kek, ENV_KEY_WRAP_KWP, 32);
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KWP, 20), ENV_R_WRAP_LENGTH);
    created = shim_count(SHIM_CREATE_OBJECT);
    ck_assert_uint_eq(created, 1); /* what was wrapped */
    ck_assert_uint_eq(shim_count(SHIM_DESTROY_OBJECT), 2);
    env_kek_free(kek);
}
END_TEST

/* Every object that is made for a test or a wrapping is destroyed afterwards. */
START_TEST(every_session_object_is_destroyed)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    round_trip(kek, ENV_KEY_WRAP_KWP, 32);
    round_trip(kek, ENV_KEY_WRAP_KW, 32);
    ck_assert_uint_ge(shim_count(SHIM_DESTROY_OBJECT), shim_count(SHIM_CREATE_OBJECT));
    ck_assert_uint_eq(shim_count(SHIM_DESTROY_OBJECT),
                      shim_count(SHIM_CREATE_OBJECT) + 4 + 5); /* the unwrapped ones */
    env_kek_free(kek);
}
END_TEST

/* A token that lets no known key in cannot show what its padding is. */
START_TEST(without_a_known_key_padding_is_refused)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    shim_fail(SHIM_CREATE_OBJECT, CKR_ATTRIBUTE_VALUE_INVALID, 2); /* private or not */
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KWP, 32), ENV_R_WRAP_LENGTH);
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KWP, 32), ENV_R_WRAP_LENGTH);
    round_trip(kek, ENV_KEY_WRAP_KW, 32);
    env_kek_free(kek);
}
END_TEST

/* A wrong answer for one kind of length takes that kind away and no other. */
START_TEST(a_wrong_known_answer_takes_away_its_kind_of_length)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    shim_corrupt_next(SHIM_WRAP_KEY); /* the known answer of 32 bytes comes first */
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KWP, 32), ENV_R_WRAP_LENGTH);
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KWP, 40), ENV_R_WRAP_LENGTH);
    round_trip(kek, ENV_KEY_WRAP_KWP, 8);
    env_kek_free(kek);
}
END_TEST

/* What is lost while the token is tested says nothing about it. */
START_TEST(a_loss_during_the_known_answer_test_is_repeated)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    shim_fail(SHIM_WRAP_KEY, CKR_SESSION_HANDLE_INVALID, 1);
    round_trip(kek, ENV_KEY_WRAP_KWP, 32);
    env_kek_free(kek);
}
END_TEST

/* It says that it does KWP, but refuses: the next mechanism is taken. */
START_TEST(a_falsely_claimed_mechanism_gives_way_to_the_next)
{
    struct env_kek *kek;

    shim_on();
    shim_mechanism(ENV_CKM_AES_KEY_WRAP_KWP, CKF_WRAP | CKF_UNWRAP);
    kek = usual();
    round_trip(kek, ENV_KEY_WRAP_KWP, 32);
    env_kek_free(kek);
}
END_TEST

START_TEST(without_a_mechanism_the_wrap_is_refused)
{
    struct env_kek *kek;

    shim_on();
    shim_mechanism(CKM_AES_KEY_WRAP_PAD, 0);
    kek = usual();
    round_trip(kek, ENV_KEY_WRAP_KW, 32);
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KWP, 32), ENV_R_KEK_USAGE);
    ck_assert_msg(strstr(raised_text(), "CKM_AES_KEY_WRAP_KWP") != NULL, "%s", raised_text());
    env_kek_free(kek);
}
END_TEST

START_TEST(a_self_test_that_fails_refuses_the_wrap)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    shim_corrupt_next(SHIM_WRAP_KEY);
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KW, 32), ENV_R_KEK_SELF_TEST);
    round_trip(kek, ENV_KEY_WRAP_KW, 32);
    env_kek_free(kek);
}
END_TEST

START_TEST(a_key_of_one_use_wraps_or_unwraps_alone)
{
    struct env_kek *wraps, *unwraps;
    size_t back_len;

    softhsm_make_key(&(struct softhsm_key){
        .label = "wraps", .id = "01", .value = data, .no_unwrap = true, .no_decrypt = true});
    softhsm_make_key(&(struct softhsm_key){
        .label = "unwraps", .id = "02", .value = data, .no_wrap = true, .no_encrypt = true});
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    wraps = the_kek("wraps", 256);
    unwraps = the_kek("unwraps", 256);
    for (unsigned alg = ENV_KEY_WRAP_KW; alg <= ENV_KEY_WRAP_KWP; alg++) {
        ck_assert_int_eq(wrap(wraps, alg, 32), ENV_R_NONE);
        ck_assert_int_eq(
            unwraps->vtable->key_unwrap(unwraps, alg, out, len, back, &back_len).reason,
            ENV_R_NONE);
        ck_assert_uint_eq(back_len, 32);
        ck_assert_mem_eq(back, data, 32);
        ck_assert_int_eq(wraps->vtable->key_unwrap(wraps, alg, out, 40, back, &back_len).reason,
                         ENV_R_KEK_USAGE);
        ck_assert_int_eq(wrap(unwraps, alg, 32), ENV_R_KEK_USAGE);
    }
    env_kek_free(wraps);
    env_kek_free(unwraps);
}
END_TEST

START_TEST(altered_wrapped_keys_give_one_error_without_detail)
{
    struct env_kek *kek = usual();
    size_t back_len = 1;
    unsigned before;
    ENV_RESULT r;

    for (unsigned alg = ENV_KEY_WRAP_KW; alg <= ENV_KEY_WRAP_KWP; alg++) {
        ck_assert_int_eq(wrap(kek, alg, 32), ENV_R_NONE);
        before = raised_count();
        out[3] ^= 1;
        r = kek->vtable->key_unwrap(kek, alg, out, len, back, &back_len);
        ck_assert_int_eq(r.reason, ENV_R_WRAPPED_KEY);
        ck_assert(!r.raised);
        ck_assert_uint_eq(back_len, 0);
        ck_assert_uint_eq(raised_count(), before);
    }
    env_kek_free(kek);
}
END_TEST

/* A KEK under 256 bits is fit for key wrap, and stays unfit for DEKs; whichever comes first. */
START_TEST(a_short_kek_wraps_keys_but_no_dek)
{
    struct env_kek *kek;

    softhsm_make_key(&(struct softhsm_key){.label = "short", .id = "01", .bits = 128});
    kek = the_kek("short", 128);
    ck_assert_int_eq(keyring_select_reason(keyring, "short"), ENV_R_KEK_TOO_WEAK);
    ck_assert_int_eq(keyring_lookup_reason(keyring, "01", ENV_WRAP_AES128_KW), ENV_R_KEK_TOO_WEAK);
    round_trip(kek, ENV_KEY_WRAP_KW, 32);
    env_kek_free(kek);
    keyring_free(keyring);
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "short"), ENV_R_KEK_TOO_WEAK);
    kek = the_kek("short", 128);
    round_trip(kek, ENV_KEY_WRAP_KW, 32);
    ck_assert_int_eq(select_for_key_wrap("short", 256, &kek).reason, ENV_R_KEK_LENGTH);
    ck_assert_ptr_null(kek);
    kek = the_kek("short", 128);
    env_kek_free(kek);
    env_kek_free(kek);
}
END_TEST

/* Found again after the token was away, despite its short length. */
START_TEST(a_short_kek_is_found_again_after_its_token_was_away)
{
    struct env_kek *kek;

    softhsm_make_key(&(struct softhsm_key){.label = "short", .id = "01", .bits = 192});
    kek = the_kek("short", 192);
    round_trip(kek, ENV_KEY_WRAP_KWP, 32);
    softhsm_hide_tokens();
    ck_assert_int_ne(wrap(kek, ENV_KEY_WRAP_KWP, 32), ENV_R_NONE);
    softhsm_restore_tokens();
    clock_move(5000); /* a restart on suspicion is only tried now and then */
    round_trip(kek, ENV_KEY_WRAP_KWP, 32);
    env_kek_free(kek);
}
END_TEST

START_TEST(selecting_one_kek_refuses_none_several_and_wrong_ones)
{
    struct env_kek *kek = NULL;

    softhsm_make_key(&(struct softhsm_key){.label = "first one", .id = "01"});
    softhsm_make_key(&(struct softhsm_key){.label = "second", .id = "02"});
    softhsm_make_key(&(struct softhsm_key){.label = "twice", .id = "03"});
    softhsm_make_key(&(struct softhsm_key){.label = "twice", .id = "04", .bits = 128});
    softhsm_make_key(&(struct softhsm_key){.label = "open", .id = "05", .extractable = true});
    ck_assert_int_eq(select_for_key_wrap(NULL, 256, &kek).reason, ENV_R_NO_KEK_CONFIGURED);
    ck_assert_int_eq(select_for_key_wrap("twice", 256, &kek).reason, ENV_R_KEK_AMBIGUOUS);
    ck_assert_int_eq(select_for_key_wrap("open", 256, &kek).reason, ENV_R_KEK_EXTRACTABLE);
    ck_assert_int_eq(select_for_key_wrap("nobody", 256, &kek).reason, ENV_R_KEK_NOT_FOUND);
    ck_assert_int_eq(select_for_key_wrap("pkcs11:x=y", 256, &kek).reason, ENV_R_CONFIG_BAD_URI);
    ck_assert_ptr_null(kek);
    env_kek_free(the_kek("pkcs11:object=twice;id=%04", 128));
    keyring_free(keyring);
    keyring_set(&keyring_config()->kek, "first%20one second");
    keyring = keyring_new();
    ck_assert_int_eq(select_for_key_wrap(NULL, 256, &kek).reason, ENV_R_ONE_KEK);
    keyring_free(keyring);
    keyring_set(&keyring_config()->kek, "first%2one");
    keyring = keyring_new();
    ck_assert_int_eq(select_for_key_wrap(NULL, 256, &kek).reason, ENV_R_CONFIG_VALUE);
    keyring_free(keyring);
    keyring_set(&keyring_config()->kek, "first%20one");
    keyring_set(&keyring_config()->open_kek, "second");
    keyring = keyring_new();
    kek = the_kek(NULL, 256);
    ck_assert_int_eq(wrap(kek, ENV_KEY_WRAP_KW, 32), ENV_R_NONE);
    ck_assert_int_eq(kek->vtable->key_unwrap(kek, ENV_KEY_WRAP_KW, out, 40, back, &len).reason,
                     ENV_R_KEK_NOT_ALLOWED);
    env_kek_free(kek);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kek: key wrap on a token");
    TCase *tcase = tcase_create("key wrap");

    tcase_add_checked_fixture(tcase, setup, keyring_teardown);
    tcase_add_test(tcase, softhsm_wraps_what_it_can_and_refuses_the_rest);
    tcase_add_test(tcase, the_known_key_is_private_where_it_must_be);
    tcase_add_test(tcase, the_known_answer_is_asked_for_once);
    tcase_add_test(tcase, every_session_object_is_destroyed);
    tcase_add_test(tcase, without_a_known_key_padding_is_refused);
    tcase_add_test(tcase, a_wrong_known_answer_takes_away_its_kind_of_length);
    tcase_add_test(tcase, a_loss_during_the_known_answer_test_is_repeated);
    tcase_add_test(tcase, a_falsely_claimed_mechanism_gives_way_to_the_next);
    tcase_add_test(tcase, without_a_mechanism_the_wrap_is_refused);
    tcase_add_test(tcase, a_self_test_that_fails_refuses_the_wrap);
    tcase_add_test(tcase, a_key_of_one_use_wraps_or_unwraps_alone);
    tcase_add_test(tcase, altered_wrapped_keys_give_one_error_without_detail);
    tcase_add_test(tcase, a_short_kek_wraps_keys_but_no_dek);
    tcase_add_test(tcase, a_short_kek_is_found_again_after_its_token_was_away);
    tcase_add_test(tcase, selecting_one_kek_refuses_none_several_and_wrong_ones);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
