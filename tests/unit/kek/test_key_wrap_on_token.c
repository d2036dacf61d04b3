/* SPDX-License-Identifier: Apache-2.0 */
/* Raw key wrap on SoftHSM: what the token is made to show first, and what is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keymgmt/token/p11.h"
#include "ring_case.h"

static uint8_t data[ENV_RAW_MAX], out[ENV_RAW_MAX + 64], back[ENV_RAW_MAX + 64];
static size_t len;

static void setup(void)
{
    ring_setup();
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 3 + 1);
}

static ENV_RESULT select_raw(const char *name, size_t bits, struct env_kek **kek)
{
    const struct env_selector selector = {.name = name};

    if (ring == NULL)
        ring = ring_new();
    return ring->vtable->select_raw(ring, &selector, bits, kek);
}

static struct env_kek *the_kek(const char *name, size_t bits)
{
    struct env_kek *kek = NULL;
    ENV_RESULT r = select_raw(name, bits, &kek);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    return kek;
}

static struct env_kek *usual(void)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "0102", .no_encrypt = true, .no_decrypt = true});
    return the_kek("orders", 256);
}

static enum env_reason wrap(struct env_kek *kek, enum env_raw_wrap alg, size_t data_len)
{
    return kek->vtable->raw_wrap(kek, alg, data, data_len, out, &len).reason;
}

/* Wraps and unwraps again. */
static void round_trip(struct env_kek *kek, enum env_raw_wrap alg, size_t data_len)
{
    size_t back_len;
    ENV_RESULT r = kek->vtable->raw_wrap(kek, alg, data, data_len, out, &len);

    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    ck_assert_uint_eq(len, (data_len + 7) / 8 * 8 + 8);
    r = kek->vtable->raw_unwrap(kek, alg, out, len, back, &back_len);
    ck_assert_msg(env_ok(r), "%d %s", r.reason, raised_text());
    ck_assert_uint_eq(back_len, data_len);
    ck_assert_mem_eq(back, data, data_len);
}

START_TEST(what_softhsm_does)
{
    struct env_kek *kek = usual();

    for (size_t n = 16; n <= ENV_RAW_MAX; n *= 4) {
        round_trip(kek, ENV_RAW_KW, n);
        round_trip(kek, ENV_RAW_KWP, n);
    }
    round_trip(kek, ENV_RAW_KWP, 8);
    ck_assert_int_eq(wrap(kek, ENV_RAW_KWP, 20), ENV_R_WRAP_LENGTH);
    ck_assert_msg(strstr(raised_text(), "to wrap 20 bytes") != NULL, "%s", raised_text());
    ck_assert_int_eq(wrap(kek, ENV_RAW_KWP, 7), ENV_R_WRAP_LENGTH);
    env_kek_free(kek);
}
END_TEST

START_TEST(the_known_key_is_used_once)
{
    struct env_kek *kek;
    unsigned created;

    shim_on();
    kek = usual();
    round_trip(kek, ENV_RAW_KWP, 32);
    shim_forget_counts();
    round_trip(kek, ENV_RAW_KWP, 32);
    ck_assert_int_eq(wrap(kek, ENV_RAW_KWP, 20), ENV_R_WRAP_LENGTH);
    created = shim_count(SHIM_CREATE_OBJECT);
    ck_assert_uint_eq(created, 1); /* what was wrapped */
    ck_assert_uint_eq(shim_count(SHIM_DESTROY_OBJECT), 2);
    env_kek_free(kek);
}
END_TEST

/* Every object that is made for a test or a wrapping is gone afterwards. */
START_TEST(nothing_is_left)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    round_trip(kek, ENV_RAW_KWP, 32);
    round_trip(kek, ENV_RAW_KW, 32);
    ck_assert_uint_ge(shim_count(SHIM_DESTROY_OBJECT), shim_count(SHIM_CREATE_OBJECT));
    ck_assert_uint_eq(shim_count(SHIM_DESTROY_OBJECT),
                      shim_count(SHIM_CREATE_OBJECT) + 4 + 5); /* the unwrapped ones */
    env_kek_free(kek);
}
END_TEST

/* A token that lets no known key in can not show what its padding is. */
START_TEST(no_known_key)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    shim_fail(SHIM_CREATE_OBJECT, CKR_ATTRIBUTE_VALUE_INVALID, 1);
    ck_assert_int_eq(wrap(kek, ENV_RAW_KWP, 32), ENV_R_WRAP_LENGTH);
    ck_assert_int_eq(wrap(kek, ENV_RAW_KWP, 32), ENV_R_WRAP_LENGTH);
    round_trip(kek, ENV_RAW_KW, 32);
    env_kek_free(kek);
}
END_TEST

/* A wrong answer for one kind of length takes that kind away and no other. */
START_TEST(wrong_answer)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    shim_corrupt_next(SHIM_WRAP_KEY); /* the known answer of 32 bytes comes first */
    ck_assert_int_eq(wrap(kek, ENV_RAW_KWP, 32), ENV_R_WRAP_LENGTH);
    ck_assert_int_eq(wrap(kek, ENV_RAW_KWP, 40), ENV_R_WRAP_LENGTH);
    round_trip(kek, ENV_RAW_KWP, 8);
    env_kek_free(kek);
}
END_TEST

/* What is lost while the token is tested says nothing about it. */
START_TEST(lost_while_testing)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    shim_fail(SHIM_WRAP_KEY, CKR_SESSION_HANDLE_INVALID, 1);
    round_trip(kek, ENV_RAW_KWP, 32);
    env_kek_free(kek);
}
END_TEST

/* It says that it does KWP, but refuses: the next mechanism is taken. */
START_TEST(claims_of_a_token)
{
    struct env_kek *kek;

    shim_on();
    shim_mechanism(ENV_CKM_AES_KEY_WRAP_KWP, CKF_WRAP | CKF_UNWRAP);
    kek = usual();
    round_trip(kek, ENV_RAW_KWP, 32);
    env_kek_free(kek);
}
END_TEST

START_TEST(no_mechanism)
{
    struct env_kek *kek;

    shim_on();
    shim_mechanism(CKM_AES_KEY_WRAP_PAD, 0);
    kek = usual();
    round_trip(kek, ENV_RAW_KW, 32);
    ck_assert_int_eq(wrap(kek, ENV_RAW_KWP, 32), ENV_R_KEK_USAGE);
    ck_assert_msg(strstr(raised_text(), "CKM_AES_KEY_WRAP_KWP") != NULL, "%s", raised_text());
    env_kek_free(kek);
}
END_TEST

START_TEST(self_test)
{
    struct env_kek *kek;

    shim_on();
    kek = usual();
    shim_corrupt_next(SHIM_WRAP_KEY);
    ck_assert_int_eq(wrap(kek, ENV_RAW_KW, 32), ENV_R_KEK_SELF_TEST);
    round_trip(kek, ENV_RAW_KW, 32);
    env_kek_free(kek);
}
END_TEST

START_TEST(one_direction)
{
    struct env_kek *wraps, *unwraps;
    size_t back_len;

    softhsm_make_key(&(struct softhsm_key){
        .label = "wraps", .id = "01", .value = data, .no_unwrap = true, .no_decrypt = true});
    softhsm_make_key(&(struct softhsm_key){
        .label = "unwraps", .id = "02", .value = data, .no_wrap = true, .no_encrypt = true});
    ring_set(&ring_config()->allow_imported_kek, "yes");
    wraps = the_kek("wraps", 256);
    unwraps = the_kek("unwraps", 256);
    for (unsigned alg = ENV_RAW_KW; alg <= ENV_RAW_KWP; alg++) {
        ck_assert_int_eq(wrap(wraps, alg, 32), ENV_R_NONE);
        ck_assert_int_eq(
            unwraps->vtable->raw_unwrap(unwraps, alg, out, len, back, &back_len).reason,
            ENV_R_NONE);
        ck_assert_uint_eq(back_len, 32);
        ck_assert_mem_eq(back, data, 32);
        ck_assert_int_eq(wraps->vtable->raw_unwrap(wraps, alg, out, 40, back, &back_len).reason,
                         ENV_R_KEK_USAGE);
        ck_assert_int_eq(wrap(unwraps, alg, 32), ENV_R_KEK_USAGE);
    }
    env_kek_free(wraps);
    env_kek_free(unwraps);
}
END_TEST

START_TEST(altered_is_one_error_without_detail)
{
    struct env_kek *kek = usual();
    size_t back_len = 1;
    unsigned before;
    ENV_RESULT r;

    for (unsigned alg = ENV_RAW_KW; alg <= ENV_RAW_KWP; alg++) {
        ck_assert_int_eq(wrap(kek, alg, 32), ENV_R_NONE);
        before = raised_count();
        out[3] ^= 1;
        r = kek->vtable->raw_unwrap(kek, alg, out, len, back, &back_len);
        ck_assert_int_eq(r.reason, ENV_R_WRAPPED_KEY);
        ck_assert(!r.raised);
        ck_assert_uint_eq(back_len, 0);
        ck_assert_uint_eq(raised_count(), before);
    }
    env_kek_free(kek);
}
END_TEST

/* A KEK under 256 bits is fit for key wrap, and stays unfit for DEKs; whichever comes first. */
START_TEST(short_keks)
{
    struct env_kek *kek;

    softhsm_make_key(&(struct softhsm_key){.label = "short", .id = "01", .bits = 128});
    kek = the_kek("short", 128);
    ck_assert_int_eq(ring_select_reason(ring, "short"), ENV_R_KEK_TOO_WEAK);
    ck_assert_int_eq(ring_lookup_reason(ring, "01", ENV_WRAP_AES128_KW), ENV_R_KEK_TOO_WEAK);
    round_trip(kek, ENV_RAW_KW, 32);
    env_kek_free(kek);
    ring_free(ring);
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "short"), ENV_R_KEK_TOO_WEAK);
    kek = the_kek("short", 128);
    round_trip(kek, ENV_RAW_KW, 32);
    ck_assert_int_eq(select_raw("short", 256, &kek).reason, ENV_R_KEK_LENGTH);
    ck_assert_ptr_null(kek);
    kek = the_kek("short", 128);
    env_kek_free(kek);
    env_kek_free(kek);
}
END_TEST

/* Found again after the token was away, short as it is. */
START_TEST(token_comes_back)
{
    struct env_kek *kek;

    softhsm_make_key(&(struct softhsm_key){.label = "short", .id = "01", .bits = 192});
    kek = the_kek("short", 192);
    round_trip(kek, ENV_RAW_KWP, 32);
    softhsm_hide_tokens();
    ck_assert_int_ne(wrap(kek, ENV_RAW_KWP, 32), ENV_R_NONE);
    softhsm_restore_tokens();
    for (int i = 0; i < 100 && wrap(kek, ENV_RAW_KWP, 32) != ENV_R_NONE; i++)
        (void)usleep(100000); /* a restart on suspicion is only tried now and then */
    round_trip(kek, ENV_RAW_KWP, 32);
    env_kek_free(kek);
}
END_TEST

START_TEST(selecting_one)
{
    struct env_kek *kek = NULL;

    softhsm_make_key(&(struct softhsm_key){.label = "first one", .id = "01"});
    softhsm_make_key(&(struct softhsm_key){.label = "second", .id = "02"});
    softhsm_make_key(&(struct softhsm_key){.label = "twice", .id = "03"});
    softhsm_make_key(&(struct softhsm_key){.label = "twice", .id = "04", .bits = 128});
    softhsm_make_key(&(struct softhsm_key){.label = "open", .id = "05", .extractable = true});
    ck_assert_int_eq(select_raw(NULL, 256, &kek).reason, ENV_R_NO_KEK_CONFIGURED);
    ck_assert_int_eq(select_raw("twice", 256, &kek).reason, ENV_R_KEK_AMBIGUOUS);
    ck_assert_int_eq(select_raw("open", 256, &kek).reason, ENV_R_KEK_EXTRACTABLE);
    ck_assert_int_eq(select_raw("nobody", 256, &kek).reason, ENV_R_KEK_NOT_FOUND);
    ck_assert_int_eq(select_raw("pkcs11:x=y", 256, &kek).reason, ENV_R_CONFIG_BAD_URI);
    ck_assert_ptr_null(kek);
    env_kek_free(the_kek("pkcs11:object=twice;id=%04", 128));
    ring_free(ring);
    ring_set(&ring_config()->kek, "first%20one second");
    ring = ring_new();
    ck_assert_int_eq(select_raw(NULL, 256, &kek).reason, ENV_R_ONE_KEK);
    ring_free(ring);
    ring_set(&ring_config()->kek, "first%2one");
    ring = ring_new();
    ck_assert_int_eq(select_raw(NULL, 256, &kek).reason, ENV_R_CONFIG_VALUE);
    ring_free(ring);
    ring_set(&ring_config()->kek, "first%20one");
    ring_set(&ring_config()->open_kek, "second");
    ring = ring_new();
    kek = the_kek(NULL, 256);
    ck_assert_int_eq(wrap(kek, ENV_RAW_KW, 32), ENV_R_NONE);
    ck_assert_int_eq(kek->vtable->raw_unwrap(kek, ENV_RAW_KW, out, 40, back, &len).reason,
                     ENV_R_KEK_NOT_ALLOWED);
    env_kek_free(kek);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raw key wrap");
    TCase *tcase = tcase_create("raw key wrap");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tcase, setup, ring_teardown);
    tcase_add_test(tcase, what_softhsm_does);
    tcase_add_test(tcase, the_known_key_is_used_once);
    tcase_add_test(tcase, nothing_is_left);
    tcase_add_test(tcase, no_known_key);
    tcase_add_test(tcase, wrong_answer);
    tcase_add_test(tcase, lost_while_testing);
    tcase_add_test(tcase, claims_of_a_token);
    tcase_add_test(tcase, no_mechanism);
    tcase_add_test(tcase, self_test);
    tcase_add_test(tcase, one_direction);
    tcase_add_test(tcase, altered_is_one_error_without_detail);
    tcase_add_test(tcase, short_keks);
    tcase_add_test(tcase, token_comes_back);
    tcase_add_test(tcase, selecting_one);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
