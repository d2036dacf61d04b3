/* SPDX-License-Identifier: Apache-2.0 */
/* Failed unwraps: bad ciphertexts with every return value that tokens use, and failing tokens. */
#include <check.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "keymgmt/token/p11.h"
#include "keyring_case.h"

static struct env_kek *kek;
static struct env_wrapped wrapped;
static uint8_t back[ENV_DEK_LEN];

static void prepare(const char *wrap)
{
    uint8_t dek[ENV_DEK_LEN] = {9};

    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    keyring_set(&keyring_config()->wrap, wrap);
    shim_on();
    keyring = keyring_new();
    kek = keyring_select_one(keyring, "orders");
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    shim_forget_counts();
}

static void assert_not_authentic(void)
{
    unsigned before = raised_count();
    ENV_RESULT r = kek->vtable->unwrap(kek, &wrapped, NULL, back);

    ck_assert_int_eq(r.reason, ENV_R_NOT_AUTHENTIC);
    ck_assert(!r.raised);
    ck_assert_uint_eq(raised_count(), before);
}

static void every_bit(void)
{
    for (size_t i = 0; i < wrapped.len; i++) {
        wrapped.data[i] ^= (uint8_t)(1u << (i % 8));
        assert_not_authentic();
        wrapped.data[i] ^= (uint8_t)(1u << (i % 8));
    }
    ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    /* no remedy was tried for what was no illness */
    ck_assert_uint_eq(shim_count(SHIM_INITIALIZE), 0);
    ck_assert_uint_eq(shim_count(SHIM_OPEN_SESSION), 0);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
    env_kek_free(kek);
}

START_TEST(every_altered_bit_of_kw_is_not_authentic)
{
    prepare("aes-kw");
    every_bit();
}
END_TEST

START_TEST(every_altered_bit_of_gcm_is_not_authentic)
{
    prepare("aes-gcm");
    wrapped.nonce[3] ^= 1;
    assert_not_authentic();
    wrapped.nonce[3] ^= 1;
    every_bit();
}
END_TEST

START_TEST(other_lengths_do_not_reach_the_token)
{
    static const size_t lengths[] = {0, 8, 24, 32, 39, 41, 48, 64, ENV_WRAPPED_MAX};

    prepare("aes-kw");
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        wrapped.len = lengths[i];
        assert_not_authentic();
    }
    ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY), 0);
    env_kek_free(kek);
}
END_TEST

START_TEST(what_another_key_wrapped_is_not_authentic)
{
    struct env_kek *other;

    prepare("aes-kw");
    softhsm_make_key(&(struct softhsm_key){.label = "other", .id = "0304"});
    other = keyring_select_one(keyring, "other");
    ck_assert_int_eq(other->vtable->unwrap(other, &wrapped, NULL, back).reason,
                     ENV_R_NOT_AUTHENTIC);
    env_kek_free(other);
    env_kek_free(kek);
}
END_TEST

START_TEST(another_key_length_is_a_usage_error)
{
    prepare("aes-kw");
    wrapped.alg = ENV_WRAP_AES128_KW;
    ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_KEK_USAGE);
    wrapped.alg = ENV_WRAP_AES256_KWP;
    ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_KEK_USAGE);
    env_kek_free(kek);
}
END_TEST

START_TEST(every_code_for_a_bad_ciphertext_is_not_authentic)
{
    static const CK_RV codes[] = {
        CKR_ENCRYPTED_DATA_INVALID,  CKR_ENCRYPTED_DATA_LEN_RANGE,
        CKR_WRAPPED_KEY_INVALID,     CKR_WRAPPED_KEY_LEN_RANGE,
        ENV_CKR_AEAD_DECRYPT_FAILED, CKR_DATA_INVALID,
        CKR_DATA_LEN_RANGE,          CKR_GENERAL_ERROR,
        CKR_FUNCTION_FAILED,         CKR_DEVICE_ERROR,
    };

    prepare("aes-kw");
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        shim_fail(SHIM_UNWRAP_KEY, codes[i], 1);
        assert_not_authentic();
    }
    ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY), sizeof(codes) / sizeof(codes[0]));
    ck_assert_uint_eq(shim_count(SHIM_OPEN_SESSION), 0);
    env_kek_free(kek);
}
END_TEST

START_TEST(other_codes_are_reported_with_call_and_key)
{
    ENV_RESULT r;

    prepare("aes-gcm");
    shim_fail(SHIM_DECRYPT, CKR_DEVICE_MEMORY, 1);
    r = kek->vtable->unwrap(kek, &wrapped, NULL, back);
    ck_assert_int_eq(r.reason, ENV_R_UNWRAP_FAILED);
    ck_assert(r.raised);
    ck_assert_str_eq(raised_text(),
                     "C_Decrypt: CKR_DEVICE_MEMORY (0x31), key 'orders' (id 0102) of "
                     "token 'kek'");
    shim_fail(SHIM_DECRYPT_INIT, CKR_KEY_FUNCTION_NOT_PERMITTED, 1);
    ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_UNWRAP_FAILED);
    /* before C_Decrypt no code speaks of the ciphertext */
    shim_fail(SHIM_DECRYPT_INIT, CKR_DATA_INVALID, 1);
    ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_UNWRAP_FAILED);
    ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    env_kek_free(kek);
}
END_TEST

/* The same code from a token that answers nothing else any more. */
START_TEST(a_dead_token_is_no_bad_ciphertext)
{
    ENV_RESULT r;

    prepare("aes-kw");
    shim_fail(SHIM_UNWRAP_KEY, CKR_DEVICE_ERROR, 1000);
    shim_fail(SHIM_GET_TOKEN_INFO, CKR_DEVICE_ERROR, 1000);
    r = kek->vtable->unwrap(kek, &wrapped, NULL, back);
    ck_assert_int_eq(r.reason, ENV_R_TOKEN_FAILED);
    ck_assert(r.raised);
    ck_assert_uint_eq(shim_count(SHIM_FINALIZE), 1);
    ck_assert_uint_eq(shim_count(SHIM_INITIALIZE), 1);
    shim_fail(SHIM_UNWRAP_KEY, CKR_OK, 0);
    shim_fail(SHIM_GET_TOKEN_INFO, CKR_OK, 0);
    ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    env_kek_free(kek);
}
END_TEST

START_TEST(a_device_that_fails_its_probe_gets_one_fresh_start)
{
    prepare("aes-kw");
    shim_fail(SHIM_UNWRAP_KEY, CKR_GENERAL_ERROR, 2);
    shim_fail(SHIM_GENERATE_RANDOM, CKR_GENERAL_ERROR, 1);
    /* a fresh start, and then it is the ciphertext after all */
    assert_not_authentic();
    ck_assert_uint_eq(shim_count(SHIM_INITIALIZE), 1);
    env_kek_free(kek);
}
END_TEST

START_TEST(a_failed_wrap_is_reported_and_leaves_no_object)
{
    const uint8_t dek[ENV_DEK_LEN] = {1};
    ENV_RESULT r;

    prepare("aes-kw");
    shim_fail(SHIM_WRAP_KEY, CKR_GENERAL_ERROR, 1);
    r = kek->vtable->wrap(kek, dek, &wrapped);
    ck_assert_int_eq(r.reason, ENV_R_WRAP_FAILED);
    ck_assert_ptr_nonnull(strstr(raised_text(), "C_WrapKey: CKR_GENERAL_ERROR"));
    ck_assert_uint_eq(shim_count(SHIM_DESTROY_OBJECT), 1);
    shim_fail(SHIM_CREATE_OBJECT, CKR_TEMPLATE_INCONSISTENT, 2); /* private or not */
    ck_assert_int_eq(kek->vtable->wrap(kek, dek, &wrapped).reason, ENV_R_WRAP_FAILED);
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    env_kek_free(kek);
}
END_TEST

START_TEST(an_unwrapped_key_that_is_unreadable_is_an_error)
{
    prepare("aes-kw");
    shim_fail(SHIM_GET_ATTRIBUTE_VALUE, CKR_ATTRIBUTE_SENSITIVE, 1);
    ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_UNWRAP_FAILED);
    ck_assert_uint_eq(shim_count(SHIM_DESTROY_OBJECT), 1);
    env_kek_free(kek);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kek: unwraps that fail");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, keyring_setup, keyring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, every_altered_bit_of_kw_is_not_authentic);
    tcase_add_test(tc, every_altered_bit_of_gcm_is_not_authentic);
    tcase_add_test(tc, other_lengths_do_not_reach_the_token);
    tcase_add_test(tc, what_another_key_wrapped_is_not_authentic);
    tcase_add_test(tc, another_key_length_is_a_usage_error);
    tcase_add_test(tc, every_code_for_a_bad_ciphertext_is_not_authentic);
    tcase_add_test(tc, other_codes_are_reported_with_call_and_key);
    tcase_add_test(tc, a_dead_token_is_no_bad_ciphertext);
    tcase_add_test(tc, a_device_that_fails_its_probe_gets_one_fresh_start);
    tcase_add_test(tc, a_failed_wrap_is_reported_and_leaves_no_object);
    tcase_add_test(tc, an_unwrapped_key_that_is_unreadable_is_an_error);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
