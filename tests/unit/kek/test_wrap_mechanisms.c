/* SPDX-License-Identifier: Apache-2.0 */
/* Wrapping and unwrapping on SoftHSM in every way, compared with libcrypto. */
#include <check.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "keymgmt/token/p11.h"
#include "keyring_case.h"

static uint8_t key_value[32];
static uint8_t dek[ENV_DEK_LEN];

/* An imported KEK, so that libcrypto can have it too. */
static struct env_kek *imported(const char *wrap, unsigned bits)
{
    ck_assert_int_eq(RAND_bytes(key_value, sizeof(key_value)), 1);
    ck_assert_int_eq(RAND_bytes(dek, sizeof(dek)), 1);
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders", .id = "0102", .value = key_value, .bits = bits});
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    keyring_set(&keyring_config()->allow_weak_kek, "yes");
    keyring_set(&keyring_config()->wrap, wrap);
    keyring = keyring_new();
    return keyring_select_one(keyring, "orders");
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
    wrapped.nonce_len = gcm ? ENV_GCM_NONCE_LEN : 0;
    if (gcm)
        ck_assert_int_eq(RAND_bytes(wrapped.nonce, ENV_GCM_NONCE_LEN), 1);
    wrapped.len = libcrypto_wraps(cipher, gcm ? wrapped.nonce : NULL, wrapped.data);
    ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    ck_assert_mem_eq(back, dek, sizeof(dek));
    env_kek_free(kek);
}

START_TEST(kw_256_equals_libcryptos)
{
    check_against_libcrypto("aes-kw", 256, ENV_WRAP_AES256_KW, "AES-256-WRAP");
}
END_TEST

START_TEST(kw_128_equals_libcryptos)
{
    check_against_libcrypto("aes-kw", 128, ENV_WRAP_AES128_KW, "AES-128-WRAP");
}
END_TEST

START_TEST(kw_192_equals_libcryptos)
{
    check_against_libcrypto("auto", 192, ENV_WRAP_AES192_KW, "AES-192-WRAP");
}
END_TEST

START_TEST(gcm_256_equals_libcryptos)
{
    check_against_libcrypto("aes-gcm", 256, ENV_WRAP_AES256_GCM, "AES-256-GCM");
}
END_TEST

START_TEST(gcm_128_equals_libcryptos)
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
    ck_assert_mem_eq(wrapped.nonce, chosen, sizeof(chosen) - 1); /* the last byte counts */
    ck_assert_uint_eq(wrapped.nonce_len, sizeof(chosen));
    ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    ck_assert_mem_eq(back, dek, sizeof(dek));
    env_kek_free(kek);
}
END_TEST

START_TEST(without_a_token_generator_nonces_come_from_libcrypto)
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
    keyring = keyring_new();
    return keyring_select_one(keyring, key->label);
}

static enum env_wrap_alg alg_of(struct env_kek *kek)
{
    struct env_wrapped wrapped;

    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    return wrapped.alg;
}

START_TEST(kw_is_the_first_choice)
{
    struct env_kek *kek = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});

    ck_assert_int_eq(alg_of(kek), ENV_WRAP_AES256_KW);
    env_kek_free(kek);
}
END_TEST

START_TEST(a_key_that_only_encrypts_and_decrypts_uses_gcm)
{
    struct env_kek *kek = select_key(
        &(struct softhsm_key){.label = "orders", .id = "01", .no_wrap = true, .no_unwrap = true});

    ck_assert_int_eq(alg_of(kek), ENV_WRAP_AES256_GCM);
    assert_round_trip(kek, kek);
    env_kek_free(kek);
}
END_TEST

/* A mechanism that the key can also open with is preferred to the first one. */
START_TEST(a_mechanism_that_both_seals_and_opens_is_preferred)
{
    struct env_kek *kek =
        select_key(&(struct softhsm_key){.label = "orders", .id = "01", .no_unwrap = true});

    ck_assert_int_eq(alg_of(kek), ENV_WRAP_AES256_GCM);
    env_kek_free(kek);
}
END_TEST

START_TEST(a_key_that_may_only_seal_seals_and_never_opens)
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

START_TEST(a_mechanism_that_fails_its_trial_gives_way_to_the_next)
{
    struct env_kek *kek;

    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "01"});
    shim_on();
    /* The token claims KW by C_Encrypt, which SoftHSM does not do. */
    shim_mechanism(CKM_AES_KEY_WRAP, CKF_ENCRYPT | CKF_DECRYPT);
    keyring = keyring_new();
    kek = keyring_select_one(keyring, "orders");
    ck_assert_int_eq(alg_of(kek), ENV_WRAP_AES256_GCM);
    env_kek_free(kek);
}
END_TEST

/* What C_CreateObject says while AES-KW by C_WrapKey is tried: it needs one. */
static enum env_reason tried_with(CK_RV rv, const char *wrap, bool *next_way)
{
    enum env_reason reason;

    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "01"});
    shim_on();
    keyring_set(&keyring_config()->wrap, wrap);
    keyring = keyring_new();
    shim_fail(SHIM_CREATE_OBJECT, rv, 1000);
    reason = keyring_select_reason(keyring, "orders");
    *next_way = shim_count(SHIM_ENCRYPT_INIT) > 0;
    return reason;
}

static const CK_RV says_cannot[] = {
    CKR_ACTION_PROHIBITED,       CKR_FUNCTION_NOT_SUPPORTED,  CKR_TEMPLATE_INCONSISTENT,
    CKR_TEMPLATE_INCOMPLETE,     CKR_ATTRIBUTE_VALUE_INVALID, CKR_ATTRIBUTE_TYPE_INVALID,
    CKR_ATTRIBUTE_READ_ONLY,     CKR_MECHANISM_INVALID,       CKR_KEY_FUNCTION_NOT_PERMITTED,
    CKR_MECHANISM_PARAM_INVALID,
};

START_TEST(the_next_way_is_tried_where_the_token_says_that_it_cannot)
{
    bool next_way;

    ck_assert_int_eq(tried_with(says_cannot[_i], "auto", &next_way), ENV_R_NONE);
    ck_assert(next_way);
}
END_TEST

START_TEST(what_the_configuration_says_is_kept_to)
{
    bool next_way;

    ck_assert_int_eq(tried_with(says_cannot[_i], "aes-kw", &next_way), ENV_R_KEK_USAGE);
    ck_assert(!next_way);
}
END_TEST

static const CK_RV says_something_else[] = {
    CKR_HOST_MEMORY,    CKR_DEVICE_MEMORY, CKR_DEVICE_ERROR,       CKR_DEVICE_REMOVED,
    CKR_GENERAL_ERROR,  CKR_SESSION_COUNT, CKR_USER_NOT_LOGGED_IN, CKR_FUNCTION_FAILED,
    CKR_SESSION_CLOSED, CKR_PIN_EXPIRED,   CKR_TOKEN_NOT_PRESENT,
};

START_TEST(a_device_a_login_or_a_lack_of_memory_is_no_reason_for_the_next_way)
{
    bool next_way;

    ck_assert_int_ne(tried_with(says_something_else[_i], "auto", &next_way), ENV_R_NONE);
    ck_assert(!next_way);
}
END_TEST

START_TEST(without_a_working_mechanism_the_kek_is_refused)
{
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "01"});
    shim_on();
    shim_mechanism(CKM_AES_KEY_WRAP, CKF_ENCRYPT | CKF_DECRYPT);
    shim_mechanism(CKM_AES_GCM, 0);
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_USAGE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKR_MECHANISM_INVALID"));
}
END_TEST

START_TEST(pad_is_never_taken_for_kwp)
{
    softhsm_make_key(&(struct softhsm_key){
        .label = "orders", .id = "01", .only_mechanism = CKM_AES_KEY_WRAP_PAD});
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_USAGE);
}
END_TEST

START_TEST(a_shorter_template_is_tried_where_the_full_one_is_refused)
{
    struct env_kek *kek;
    unsigned calls;

    shim_unwrap_template_max(4);
    kek = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    calls = shim_count(SHIM_UNWRAP_KEY);
    ck_assert_uint_eq(calls, 3); /* both tried by the self-test, and an altered copy */
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY), calls + 1);
    env_kek_free(kek);
}
END_TEST

/* SoftHSM encrypts each attribute of a private one. */
START_TEST(session_objects_are_public_first)
{
    struct env_kek *kek = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});

    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_private_objects(), 0);
    env_kek_free(kek);
}
END_TEST

START_TEST(private_objects_are_made_where_public_ones_are_refused)
{
    struct env_kek *kek;

    shim_no_public_objects();
    kek = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    ck_assert_uint_eq(shim_count(SHIM_CREATE_OBJECT), 2); /* found out by the self-test */
    ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY), 2);    /* with the altered copy */
    assert_round_trip(kek, kek);
    ck_assert_uint_eq(shim_count(SHIM_CREATE_OBJECT), 3);
    ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY), 3);
    ck_assert_uint_eq(shim_private_objects(), 5);
    ck_assert_uint_eq(shim_count(SHIM_CLOSE_SESSION), 0); /* nothing was left in one */
    env_kek_free(kek);
}
END_TEST

/* When it is asked to open first there is nothing to learn from. */
START_TEST(of_four_unwrap_templates_the_one_that_works_is_remembered)
{
    struct env_kek *sealing = select_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    struct env_kek *opening;
    struct env_wrapped wrapped;

    memset(dek, 0x5a, sizeof(dek));
    ck_assert(env_ok(sealing->vtable->wrap(sealing, dek, &wrapped)));
    env_kek_free(sealing);
    keyring_free(keyring);
    shim_no_public_objects();
    shim_unwrap_template_max(4);
    shim_forget_counts();
    keyring = keyring_new();
    opening = keyring_lookup_one(keyring, "0102", ENV_WRAP_AES256_KW);
    for (unsigned calls = 4; calls <= 5; calls++) { /* of the four, and then the one that worked */
        uint8_t back[ENV_DEK_LEN] = {0};

        ck_assert(env_ok(opening->vtable->unwrap(opening, &wrapped, NULL, back)));
        ck_assert_mem_eq(back, dek, sizeof(back));
        ck_assert_uint_eq(shim_count(SHIM_UNWRAP_KEY), calls);
    }
    env_kek_free(opening);
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

/* One that cannot be destroyed dies with its session. */
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
    keyring = keyring_new();
    shim_corrupt_next(SHIM_WRAP_KEY);
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_SELF_TEST);
    env_kek_free(keyring_select_one(keyring, "orders")); /* and it is not held against the key */
}
END_TEST

START_TEST(the_self_test_sees_other_bytes)
{
    softhsm_make_key(
        &(struct softhsm_key){.label = "orders", .id = "01", .no_wrap = true, .no_unwrap = true});
    shim_on();
    keyring = keyring_new();
    shim_corrupt_next(SHIM_DECRYPT);
    ck_assert_int_eq(keyring_select_reason(keyring, "orders"), ENV_R_KEK_SELF_TEST);
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
    Suite *suite = suite_create("kek: wrap mechanisms");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, keyring_setup, keyring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, kw_256_equals_libcryptos);
    tcase_add_test(tc, kw_128_equals_libcryptos);
    tcase_add_test(tc, kw_192_equals_libcryptos);
    tcase_add_test(tc, gcm_256_equals_libcryptos);
    tcase_add_test(tc, gcm_128_equals_libcryptos);
    tcase_add_test(tc, gcm_nonces_differ);
    tcase_add_test(tc, a_nonce_that_the_token_chose_is_read_back);
    tcase_add_test(tc, without_a_token_generator_nonces_come_from_libcrypto);
    tcase_add_test(tc, kw_is_the_first_choice);
    tcase_add_test(tc, a_key_that_only_encrypts_and_decrypts_uses_gcm);
    tcase_add_test(tc, a_mechanism_that_both_seals_and_opens_is_preferred);
    tcase_add_test(tc, a_key_that_may_only_seal_seals_and_never_opens);
    tcase_add_test(tc, allowed_mechanisms_are_heeded);
    tcase_add_test(tc, a_mechanism_that_fails_its_trial_gives_way_to_the_next);
    tcase_add_loop_test(tc, the_next_way_is_tried_where_the_token_says_that_it_cannot, 0,
                        sizeof(says_cannot) / sizeof(says_cannot[0]));
    tcase_add_loop_test(tc, what_the_configuration_says_is_kept_to, 0,
                        sizeof(says_cannot) / sizeof(says_cannot[0]));
    tcase_add_loop_test(tc, a_device_a_login_or_a_lack_of_memory_is_no_reason_for_the_next_way, 0,
                        sizeof(says_something_else) / sizeof(says_something_else[0]));
    tcase_add_test(tc, without_a_working_mechanism_the_kek_is_refused);
    tcase_add_test(tc, pad_is_never_taken_for_kwp);
    tcase_add_test(tc, a_shorter_template_is_tried_where_the_full_one_is_refused);
    tcase_add_test(tc, session_objects_are_public_first);
    tcase_add_test(tc, private_objects_are_made_where_public_ones_are_refused);
    tcase_add_test(tc, of_four_unwrap_templates_the_one_that_works_is_remembered);
    tcase_add_test(tc, session_objects_are_destroyed);
    tcase_add_test(tc, a_session_with_an_object_left_is_closed);
    tcase_add_test(tc, gcm_costs_one_call_more);
    tcase_add_test(tc, the_self_test_sees_a_key_that_can_not_open);
    tcase_add_test(tc, the_self_test_sees_other_bytes);
    tcase_add_test(tc, everything_happens_inside_a_marked_call);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
