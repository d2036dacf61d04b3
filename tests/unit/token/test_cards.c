/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that differ from SoftHSM: texts padded with NULs (TPMs, Rutoken), and keys that require
 * the PIN for every use (PIV, eID cards).
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "keyring_case.h"

static void setup(void)
{
    keyring_setup_orders();
    keyring_set(&keyring_config()->kek, "orders");
}

static void setup_card(void)
{
    keyring_setup();
    softhsm_make_rsa(&(struct softhsm_rsa){
        .label = "card", .id = "0304", .file = "kek-3072.pem", .always_authenticate = true});
    keyring_set(&keyring_config()->kek, "card");
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
    shim_on();
}

/* ---- padding ---- */

/* Each names the one token there is, written without its padding and with either kind. */
START_TEST(padding_with_nuls_changes_no_name)
{
    static const char *const uris[] = {
        "pkcs11:token=kek",
        "pkcs11:token=kek%00%00",
        "pkcs11:token=kek%20%20",
        "pkcs11:model=SoftHSM%20v2",
        "pkcs11:model=SoftHSM%20v2%00%00%00%00%00%00",
        "pkcs11:manufacturer=SoftHSM%20project",
        "pkcs11:token=kek;manufacturer=SoftHSM%20project;model=SoftHSM%20v2",
    };

    shim_pad_with_nuls();
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        struct env_kek *kek;
        struct env_kek_info info;

        keyring_set(&keyring_config()->token, uris[i]);
        keyring = keyring_new();
        kek = keyring_select_one(keyring, NULL);
        kek->vtable->describe(kek, &info);
        ck_assert_str_eq(info.token, "kek");
        /* what is shown finds it again */
        env_kek_free(kek);
        ck_assert_ptr_nonnull(strstr(info.uri, "token=kek;"));
        kek = keyring_select_one(keyring, info.uri);
        assert_round_trip(kek, kek);
        env_kek_free(kek);
        keyring_free(keyring);
        keyring = NULL;
    }
    keyring_set(&keyring_config()->token, "pkcs11:token=ke");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, NULL), ENV_R_NO_TOKEN);
    ck_assert_ptr_nonnull(strstr(raised_text(), "there is token 'kek' (serial "));
}
END_TEST

/* A new key goes to the token of that label. */
START_TEST(a_key_is_made_in_a_token_padded_with_nuls)
{
    const struct env_kek_request request = {
        .type = ENV_KEK_AES, .bits = 256, .label = "new", .token = "kek"};
    struct env_kek *kek = NULL;

    shim_pad_with_nuls();
    keyring = keyring_new();
    ck_assert(env_ok(keyring->vtable->generate(keyring, &request, &kek)));
    env_kek_free(kek);
}
END_TEST

/* ---- a login for every use ---- */

START_TEST(a_key_that_wants_a_login_for_every_use_opens)
{
    static const uint8_t dek[ENV_DEK_LEN] = {1, 2, 3};
    uint8_t back[ENV_DEK_LEN];
    struct env_wrapped wrapped;
    struct env_kek *kek;
    unsigned before;

    keyring = keyring_new();
    kek = keyring_select_one(keyring, NULL); /* which tries it */
    ck_assert_uint_ge(shim_logins_for_use(), 1);
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    before = shim_logins_for_use();
    for (unsigned i = 1; i <= 3; i++) {
        memset(back, 0, sizeof(back));
        ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
        ck_assert_mem_eq(back, dek, sizeof(dek));
        ck_assert_uint_eq(shim_logins_for_use(), before + i);
    }
    /* a ciphertext that is bad costs a login, no session, and no retry */
    wrapped.data[100] ^= 1;
    ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_NOT_AUTHENTIC);
    ck_assert_uint_eq(shim_logins_for_use(), before + 4);
    wrapped.data[100] ^= 1;
    ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    env_kek_free(kek);
}
END_TEST

/* Cards lock after a few. */
START_TEST(a_wrong_pin_is_not_tried_again_for_the_next_use)
{
    static const uint8_t dek[ENV_DEK_LEN] = {1, 2, 3};
    uint8_t back[ENV_DEK_LEN] = {0};
    struct env_wrapped wrapped;
    struct env_kek *kek;
    unsigned logins;

    keyring = keyring_new();
    kek = keyring_select_one(keyring, NULL);
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    shim_fail(SHIM_LOGIN, CKR_PIN_INCORRECT, 1);
    ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_PIN_WRONG);
    ck_assert_ptr_nonnull(strstr(raised_text(), "token 'kek'"));
    logins = shim_count(SHIM_LOGIN);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_PIN_WRONG);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), logins);
    env_kek_free(kek);
}
END_TEST

START_TEST(the_last_try_is_not_taken_for_a_use_either)
{
    static const uint8_t dek[ENV_DEK_LEN] = {1, 2, 3};
    uint8_t back[ENV_DEK_LEN] = {0};
    struct env_wrapped wrapped;
    struct env_kek *kek;

    keyring = keyring_new();
    kek = keyring_select_one(keyring, NULL);
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    shim_token_flags(CKF_USER_PIN_FINAL_TRY, 0);
    ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_PIN_FINAL_TRY);
    shim_token_flags(CKF_USER_PIN_LOCKED, 0);
    ck_assert_int_eq(kek->vtable->unwrap(kek, &wrapped, NULL, back).reason, ENV_R_PIN_LOCKED);
    shim_token_flags(0, 0);
    ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    env_kek_free(kek);
}
END_TEST

/* A module that reports that the key requires a login, and then requires none. */
START_TEST(a_login_that_is_not_wanted_after_all_does_no_harm)
{
    static const CK_RV codes[] = {CKR_OPERATION_NOT_INITIALIZED, CKR_USER_TYPE_INVALID,
                                  CKR_FUNCTION_NOT_SUPPORTED};
    static const uint8_t dek[ENV_DEK_LEN] = {1, 2, 3};
    uint8_t back[ENV_DEK_LEN] = {0};
    struct env_wrapped wrapped;
    struct env_kek *kek;

    keyring = keyring_new();
    kek = keyring_select_one(keyring, NULL);
    ck_assert(env_ok(kek->vtable->wrap(kek, dek, &wrapped)));
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        unsigned decrypts = shim_count(SHIM_DECRYPT);

        shim_fail(SHIM_LOGIN, codes[i], 1);
        /* SoftHSM does want it: but it is asked, and so another token would have opened */
        (void)!env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back));
        ck_assert_uint_gt(shim_count(SHIM_DECRYPT), decrypts);
        ck_assert(env_ok(kek->vtable->unwrap(kek, &wrapped, NULL, back)));
    }
    env_kek_free(kek);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: cards");
    TCase *padded = tcase_create("padding");
    TCase *cards = tcase_create("always authenticate");

    tcase_set_timeout(padded, 100);
    tcase_add_checked_fixture(padded, setup, keyring_teardown);
    tcase_add_test(padded, padding_with_nuls_changes_no_name);
    tcase_add_test(padded, a_key_is_made_in_a_token_padded_with_nuls);
    suite_add_tcase(suite, padded);
    tcase_set_timeout(cards, 100);
    tcase_add_checked_fixture(cards, setup_card, keyring_teardown);
    tcase_add_test(cards, a_key_that_wants_a_login_for_every_use_opens);
    tcase_add_test(cards, a_wrong_pin_is_not_tried_again_for_the_next_use);
    tcase_add_test(cards, the_last_try_is_not_taken_for_a_use_either);
    tcase_add_test(cards, a_login_that_is_not_wanted_after_all_does_no_harm);
    suite_add_tcase(suite, cards);
    return caller_run(suite);
}
