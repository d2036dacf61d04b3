/* SPDX-License-Identifier: Apache-2.0 */
/* A wrong PIN is tried once, and some tries are not made at all. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "keyring_case.h"

static enum env_reason select_orders(void)
{
    return keyring_select_reason(keyring, "orders");
}

START_TEST(a_wrong_pin_is_tried_once)
{
    (void)setenv("TEST_PIN", "not-it", 1);
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKR_PIN_INCORRECT"));
    ck_assert_ptr_null(strstr(raised_text(), "not-it"));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_AES256_KW), ENV_R_PIN_WRONG);
    keyring_free(keyring);
    keyring = keyring_new(); /* another keyring of the same process */
    ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

/* Returns arg if the PIN was refused. */
static void *select_in_thread(void *arg)
{
    const struct env_selector selector = {.name = "orders"};
    struct env_kek_list list = {0};

    (void)arg;
    return keyring->vtable->select(keyring, &selector, &list).reason == ENV_R_PIN_WRONG ? arg
                                                                                        : NULL;
}

START_TEST(a_wrong_pin_is_tried_once_by_many_threads)
{
    pthread_t threads[8];

    (void)setenv("TEST_PIN", "9999", 1);
    shim_delay_us(2000);
    keyring = keyring_new();
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, select_in_thread, keyring), 0);
    for (int i = 0; i < 8; i++) {
        void *right;

        ck_assert_int_eq(pthread_join(threads[i], &right), 0);
        ck_assert_ptr_nonnull(right);
    }
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

START_TEST(a_wrong_pin_is_not_tried_again_in_a_child)
{
    pid_t pid;
    int status;

    (void)setenv("TEST_PIN", "9999", 1);
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    (void)setenv("TEST_PIN", SOFTHSM_PIN, 1);
    pid = fork();
    if (pid == 0)
        _exit(select_orders() == ENV_R_PIN_WRONG && shim_count(SHIM_LOGIN) == 1 ? 0 : 1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(a_wrong_pin_for_one_token_does_no_harm_to_another)
{
    softhsm_add_token("second");
    softhsm_make_key(&(struct softhsm_key){.token = "second", .label = "mail", .id = "0304"});
    keyring_set(&keyring_config()->token, NULL);
    keyring_set(&keyring_config()->pin_source, NULL);
    keyring_set(&keyring_config()->kek,
                "pkcs11:token=kek;object=orders?pin-value=9999 pkcs11:token=second;object=mail?"
                "pin-value=1234");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0304", ENV_WRAP_AES256_KW), ENV_R_NONE);
    ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_AES256_KW), ENV_R_PIN_WRONG);
    ck_assert_int_eq(keyring_select_reason(keyring, "pkcs11:token=second;object=mail"), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 2);
}
END_TEST

START_TEST(a_locked_pin_is_not_tried)
{
    static const CK_FLAGS flags[] = {CKF_USER_PIN_LOCKED,
                                     CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY};
    static const char *const choices[] = {NULL, "yes"};

    for (size_t i = 0; i < 4; i++) {
        keyring_set(&keyring_config()->pin_final_try, choices[i / 2]);
        keyring = keyring_new();
        shim_token_flags(flags[i % 2], 0);
        ck_assert_int_eq(select_orders(), ENV_R_PIN_LOCKED);
        ck_assert_str_eq(raised_text(), "token 'kek'");
        keyring_free(keyring);
    }
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
    keyring = keyring_new();
    shim_token_flags(CKF_USER_PIN_COUNT_LOW, 0);
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
}
END_TEST

START_TEST(the_final_try_is_left_to_a_person)
{
    static const char *const choices[] = {NULL, "no"};

    shim_token_flags(CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW, 0);
    for (size_t i = 0; i < 2; i++) {
        keyring_set(&keyring_config()->pin_final_try, choices[i]);
        keyring = keyring_new();
        ck_assert_int_eq(select_orders(), ENV_R_PIN_FINAL_TRY);
        ck_assert_str_eq(raised_text(), "token 'kek'");
        ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_AES256_KW),
                         ENV_R_PIN_FINAL_TRY);
        ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
        shim_token_flags(0, 0); /* it is seen when a person has logged in */
        ck_assert_int_eq(select_orders(), ENV_R_NONE);
        keyring_free(keyring);
        shim_forget_counts();
        shim_token_flags(CKF_USER_PIN_FINAL_TRY, 0);
    }
    keyring_set(&keyring_config()->pin_final_try, "yes");
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

/* The only try that is left is taken once. */
START_TEST(a_wrong_pin_takes_the_final_try_once)
{
    (void)setenv("TEST_PIN", "9999", 1);
    keyring_set(&keyring_config()->pin_final_try, "yes");
    shim_token_flags(CKF_USER_PIN_FINAL_TRY, 0);
    keyring = keyring_new();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

/* Whatever the code says: the token has counted a wrong PIN. */
START_TEST(a_wrong_pin_under_another_code_is_not_repeated)
{
    static const CK_RV codes[] = {CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_ARGUMENTS_BAD,
                                  CKR_DEVICE_REMOVED};
    CK_RV code = codes[_i];

    keyring = keyring_new();
    shim_fail(SHIM_LOGIN, code, 1);
    shim_token_flags_when_login_fails(CKF_USER_PIN_COUNT_LOW);
    ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_ptr_nonnull(strstr(raised_text(), "C_Login: CKR_"));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

START_TEST(a_pin_that_locks_meanwhile_is_reported_locked)
{
    keyring = keyring_new();
    shim_fail(SHIM_LOGIN, CKR_PIN_LOCKED, 1);
    ck_assert_int_eq(select_orders(), ENV_R_PIN_LOCKED);
}
END_TEST

START_TEST(a_login_that_fails_otherwise_is_not_repeated)
{
    keyring = keyring_new();
    shim_fail(SHIM_LOGIN, CKR_DEVICE_ERROR, 1);
    ck_assert_int_eq(select_orders(), ENV_R_TOKEN_FAILED);
    ck_assert_ptr_nonnull(strstr(raised_text(), "C_Login: CKR_DEVICE_ERROR (0x30), token 'kek'"));
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

/* Which the file of a SoftHSM token is that another process is writing. */
START_TEST(a_login_that_fails_for_a_moment_is_repeated)
{
    static const struct {
        CK_RV rv;
        const char *text;
    } codes[] = {
        {CKR_GENERAL_ERROR, "C_Login: CKR_GENERAL_ERROR (0x5), token 'kek'"},
        {CKR_USER_PIN_NOT_INITIALIZED,
         "C_Login: CKR_USER_PIN_NOT_INITIALIZED (0x102), token 'kek'"},
    };

    keyring = keyring_new();
    shim_fail(SHIM_LOGIN, codes[_i].rv, 3);
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 4);
    keyring_free(keyring);
    keyring = keyring_new();
    shim_fail(SHIM_LOGIN, codes[_i].rv, 1000);
    ck_assert_int_eq(select_orders(), ENV_R_TOKEN_FAILED);
    ck_assert_ptr_nonnull(strstr(raised_text(), codes[_i].text));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: tries of a PIN");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, keyring_setup_orders, keyring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, a_wrong_pin_is_tried_once);
    tcase_add_test(tc, a_wrong_pin_is_tried_once_by_many_threads);
    tcase_add_test(tc, a_wrong_pin_is_not_tried_again_in_a_child);
    tcase_add_test(tc, a_wrong_pin_for_one_token_does_no_harm_to_another);
    tcase_add_test(tc, a_locked_pin_is_not_tried);
    tcase_add_test(tc, the_final_try_is_left_to_a_person);
    tcase_add_test(tc, a_wrong_pin_takes_the_final_try_once);
    tcase_add_loop_test(tc, a_wrong_pin_under_another_code_is_not_repeated, 0, 4);
    tcase_add_test(tc, a_pin_that_locks_meanwhile_is_reported_locked);
    tcase_add_test(tc, a_login_that_fails_otherwise_is_not_repeated);
    tcase_add_loop_test(tc, a_login_that_fails_for_a_moment_is_repeated, 0, 2);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
