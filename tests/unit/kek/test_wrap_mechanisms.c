/* SPDX-License-Identifier: Apache-2.0 */
/* Wrapping and unwrapping on SoftHSM: every way to do it, and libcrypto as the judge. */
#include <check.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/token/p11.h"
#include "ring_case.h"

static uint8_t key_value[32];
static uint8_t dek[ENV_DEK_LEN];

/* An imported KEK, so that libcrypto can have it too. */
static struct env_kek *imported(const char *wrap, unsigned bits)
{
    ck_assert_int_eq(RAND_bytes(key_value, sizeof(key_value)), 1);
    ck_assert_int_eq(RAND_bytes(dek, sizeof(dek)), 1);
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders", .id = "0102", .value = key_value, .bits = bits});
    ring_set(&ring_config()->allow_imported_kek, "yes");
    ring_set(&ring_config()->allow_weak_kek, "yes");
    ring_set(&ring_config()->wrap, wrap);
    ring = ring_new();
    return ring_select_one(ring, "orders");
}

/* With GCM the 16-byte tag follows. */
static size_t libcrypto_wraps(const char *name, const uint8_t *nonce, uint8_t out[64])
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    int more = 0;

    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    ck_assert_int_eq(EVP_EncryptInit_ex2(ctx, cipher, key_value, nonce, NULL), 1);
    ck_assert_int_eq(EVP_EncryptUpdate(ctx, out, &len, dek, sizeof(dek)), 1);
    ck_assert_int_eq(EVP_EncryptFinal_ex(ctx, out + len, &more), 1);
    len += more;
    if (nonce != NULL) {
        ck_assert_int_eq(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + len), 1);
        len += 16;
    }
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return (size_t)len;
}

static void check_against_libcrypto(const char *wrap, unsigned bits, enum env_wrap_alg alg,
                                    const char *cipher)
{
    struct env_kek *kek = imported(wrap, bits);
    bool gcm = alg >= ENV_WRAP_AES128_GCM;
    struct env_wrapped wrapped;
    uint8_t expected[64];
    uint8_t back[ENV_DEK_LEN];
    size_t len;

    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    ck_assert_int_eq(wrapped.alg, alg);
    len = libcrypto_wraps(cipher, gcm ? wrapped.nonce : NULL, expected);
    ck_assert_uint_eq(wrapped.len, len);
    ck_assert_mem_eq(wrapped.data, expected, len);

    memset(&wrapped, 0, sizeof(wrapped));
    wrapped.alg = alg;
    if (gcm)
        ck_assert_int_eq(RAND_bytes(wrapped.nonce, sizeof(wrapped.nonce)), 1);
    wrapped.len = libcrypto_wraps(cipher, gcm ? wrapped.nonce : NULL, wrapped.data);
    ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    ck_assert_mem_eq(back, dek, sizeof(dek));
    env_kek_free(kek);
}

START_TEST(kw_is_libcryptos)
{
    check_against_libcrypto("aes-kw", 256, ENV_WRAP_AES256_KW, "AES-256-WRAP");
}
END_TEST

START_TEST(kw_128_is_libcryptos)
{
    check_against_libcrypto("aes-kw", 128, ENV_WRAP_AES128_KW, "AES-128-WRAP");
}
END_TEST

START_TEST(kw_192_is_libcryptos)
{
    check_against_libcrypto("auto", 192, ENV_WRAP_AES192_KW, "AES-192-WRAP");
}
END_TEST

START_TEST(gcm_is_libcryptos)
{
    check_against_libcrypto("aes-gcm", 256, ENV_WRAP_AES256_GCM, "AES-256-GCM");
}
END_TEST

START_TEST(gcm_128_is_libcryptos)
{
    check_against_libcrypto("aes-gcm", 128, ENV_WRAP_AES128_GCM, "AES-128-GCM");
}
END_TEST

START_TEST(gcm_nonces_differ)
{
    struct env_kek *kek = imported("aes-gcm", 256);
    struct env_wrapped a;
    struct env_wrapped b;

    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &a)));
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &b)));
    ck_assert_mem_ne(a.nonce, b.nonce, sizeof(a.nonce));
    env_kek_free(kek);
}
END_TEST

START_TEST(a_nonce_that_the_token_chose_is_read_back)
{
    struct env_wrapped wrapped;
    struct env_kek *kek;
    uint8_t chosen[ENV_GCM_NONCE_LEN];
    uint8_t back[ENV_DEK_LEN];

    memset(chosen, 0x77, sizeof(chosen));
    shim_on();
    shim_gcm_chooses_nonce();
    kek = imported("aes-gcm", 256);
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    ck_assert_mem_eq(wrapped.nonce, chosen, sizeof(chosen));
    ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    ck_assert_mem_eq(back, dek, sizeof(dek));
    env_kek_free(kek);
}
END_TEST

START_TEST(without_a_random_generator_in_the_token)
{
    struct env_kek *kek;

    shim_on();
    shim_token_flags(0, CKF_RNG);
    kek = imported("aes-gcm", 256);
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_GENERATE_RANDOM), 0);
    env_kek_free(kek);
}
END_TEST

static struct env_kek *select_key(const struct softhsm_key *key)
{
    softhsm_make_key(key);
    shim_on();
    ring = ring_new();
    return ring_select_one(ring, key->label);
}

static enum env_wrap_alg alg_of(struct env_kek *kek)
{
    struct env_wrapped wrapped;

    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    return wrapped.alg;
}

START_TEST(kw_comes_first)
{
    struct env_kek *kek = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});

    ck_assert_int_eq(alg_of(kek), ENV_WRAP_AES256_KW);
    env_kek_free(kek);
}
END_TEST

START_TEST(a_key_that_may_only_encrypt_and_decrypt)
{
    struct env_kek *kek = select_key(
        &(struct softhsm_key){.label = "orders", .id = "01", .no_wrap = true, .no_unwrap = true});

    ck_assert_int_eq(alg_of(kek), ENV_WRAP_AES256_GCM);
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}
END_TEST

/* What the key can open as well is better than what comes first. */
START_TEST(a_key_that_may_wrap_but_not_unwrap)
{
    struct env_kek *kek =
        select_key(&(struct softhsm_key){.label = "orders", .id = "01", .no_unwrap = true});

    ck_assert_int_eq(alg_of(kek), ENV_WRAP_AES256_GCM);
    env_kek_free(kek);
}
END_TEST

START_TEST(a_key_that_may_only_seal)
{
    struct env_wrapped wrapped;
    uint8_t back[ENV_DEK_LEN];
    struct env_kek *kek = select_key(&(struct softhsm_key){
        .label = "orders", .id = "01", .no_unwrap = true, .no_decrypt = true});
    ENV_RESULT r;

    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    ck_assert_int_eq(wrapped.alg, ENV_WRAP_AES256_KW);
    r = kek->vtable->unwrap(kek, &wrapped, NULL, back);
    ck_assert_int_eq(r.reason, ENV_R_KEK_USAGE);
    ck_assert(r.raised);
    env_kek_free(kek);
}
END_TEST

START_TEST(allowed_mechanisms_are_heeded)
{
    struct env_kek *kek = select_key(
        &(struct softhsm_key){.label = "orders", .id = "01", .only_mechanism = CKM_AES_GCM});

    ck_assert_int_eq(alg_of(kek), ENV_WRAP_AES256_GCM);
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}
END_TEST

START_TEST(a_mechanism_that_fails_after_all)
{
    struct env_kek *kek;

    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "01"});
    shim_on();
    /* The token claims KW by C_Encrypt, which SoftHSM does not do. */
    shim_mechanism(CKM_AES_KEY_WRAP, CKF_ENCRYPT | CKF_DECRYPT);
    ring = ring_new();
    kek = ring_select_one(ring, "orders");
    ck_assert_int_eq(alg_of(kek), ENV_WRAP_AES256_GCM);
    env_kek_free(kek);
}
END_TEST

START_TEST(no_mechanism_that_works)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "01"});
    shim_on();
    shim_mechanism(CKM_AES_KEY_WRAP, CKF_ENCRYPT | CKF_DECRYPT);
    shim_mechanism(CKM_AES_GCM, 0);
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_USAGE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKR_MECHANISM_INVALID"));
}
END_TEST

START_TEST(pad_is_never_taken_for_kwp)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "01", .only_mechanism = CKM_AES_KEY_WRAP_PAD});
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_USAGE);
}
END_TEST

START_TEST(a_token_that_refuses_the_full_template)
{
    struct env_kek *kek;
    unsigned calls;

    shim_unwrap_template_max(4);
    kek = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    calls = shim_count(SHIM_UNWRAP_KEY);
    ck_assert_uint_eq(calls, 2); /* both tried by the self-test */
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY), calls + 1);
    env_kek_free(kek);
}
END_TEST

START_TEST(session_objects_are_destroyed)
{
    struct env_kek *kek = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});

    shim_forget_counts();
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_CREATE_OBJECT), 1);
    ck_assert_uint_eq(shim_count(SHIM_DESTROY_OBJECT), 2);
    ck_assert_uint_eq(shim_total(), 6); /* and C_WrapKey, C_UnwrapKey, C_GetAttributeValue */
    ck_assert_uint_eq(shim_count(SHIM_OPEN_SESSION), 0);
    env_kek_free(kek);
}
END_TEST

/* One that can not be destroyed dies with its session. */
START_TEST(a_session_with_an_object_left_is_closed)
{
    struct env_kek *kek = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});

    shim_forget_counts();
    shim_fail(SHIM_DESTROY_OBJECT, CKR_FUNCTION_FAILED, 1);
    assert_round_trip(kek, kek);
    ck_assert_uint_ge(shim_count(SHIM_CLOSE_SESSION), 1);
    env_kek_free(kek);
}
END_TEST

START_TEST(gcm_costs_one_call_more)
{
    struct env_kek *kek = select_key(
        &(struct softhsm_key){.label = "orders", .id = "01", .no_wrap = true, .no_unwrap = true});

    shim_forget_counts();
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_total(), 5); /* random, init, encrypt, init, decrypt */
    env_kek_free(kek);
}
END_TEST

START_TEST(the_self_test_sees_a_key_that_can_not_open)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    shim_on();
    ring = ring_new();
    shim_corrupt_next(SHIM_WRAP_KEY);
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_SELF_TEST);
    env_kek_free(ring_select_one(ring, "orders")); /* and it is not held against the key */
}
END_TEST

START_TEST(the_self_test_sees_other_bytes)
{
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders", .id = "01", .no_wrap = true, .no_unwrap = true});
    shim_on();
    ring = ring_new();
    shim_corrupt_next(SHIM_DECRYPT);
    ck_assert_int_eq(ring_select_reason(ring, "orders"), ENV_R_KEK_SELF_TEST);
}
END_TEST

START_TEST(everything_happens_inside_a_marked_call)
{
    struct env_kek *kek;

    shim_expect_inside(env_token_inside_call);
    kek = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    assert_round_trip(kek, kek);
    ck_assert(!shim_was_called_outside());
    ck_assert(!env_token_inside_call());
    env_kek_free(kek);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keymgmt wrap");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, ring_setup, ring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, kw_is_libcryptos);
    tcase_add_test(tc, kw_128_is_libcryptos);
    tcase_add_test(tc, kw_192_is_libcryptos);
    tcase_add_test(tc, gcm_is_libcryptos);
    tcase_add_test(tc, gcm_128_is_libcryptos);
    tcase_add_test(tc, gcm_nonces_differ);
    tcase_add_test(tc, a_nonce_that_the_token_chose_is_read_back);
    tcase_add_test(tc, without_a_random_generator_in_the_token);
    tcase_add_test(tc, kw_comes_first);
    tcase_add_test(tc, a_key_that_may_only_encrypt_and_decrypt);
    tcase_add_test(tc, a_key_that_may_wrap_but_not_unwrap);
    tcase_add_test(tc, a_key_that_may_only_seal);
    tcase_add_test(tc, allowed_mechanisms_are_heeded);
    tcase_add_test(tc, a_mechanism_that_fails_after_all);
    tcase_add_test(tc, no_mechanism_that_works);
    tcase_add_test(tc, pad_is_never_taken_for_kwp);
    tcase_add_test(tc, a_token_that_refuses_the_full_template);
    tcase_add_test(tc, session_objects_are_destroyed);
    tcase_add_test(tc, a_session_with_an_object_left_is_closed);
    tcase_add_test(tc, gcm_costs_one_call_more);
    tcase_add_test(tc, the_self_test_sees_a_key_that_can_not_open);
    tcase_add_test(tc, the_self_test_sees_other_bytes);
    tcase_add_test(tc, everything_happens_inside_a_marked_call);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
