/* SPDX-License-Identifier: Apache-2.0 */
/* Where PINs come from, and that a wrong one is tried once. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "p11_shim.h"
#include "softhsm_fixture.h"

static struct env_keyring *ring;

static void setup(void)
{
    shim_reset();
    softhsm_setup();
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    ring_config_reset();
    shim_on();
    ring = NULL;
}

static void teardown(void)
{
    if (ring != NULL)
        ring_free(ring);
    ring_config_clear();
    softhsm_teardown();
}

static enum env_reason select_orders(void)
{
    return ring_select_reason(ring, "orders");
}

static char *pin_file(const char *content, size_t len, mode_t mode)
{
    static char source[256];
    FILE *file;

    (void)snprintf(source, sizeof(source), "file:%s/pin", softhsm_dir());
    (void)unlink(source + 5);
    file = fopen(source + 5, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(content, 1, len, file), len);
    (void)fclose(file);
    ck_assert_int_eq(chmod(source + 5, mode), 0);
    return source;
}

static void check_file(const char *content, size_t len, mode_t mode, enum env_reason expected)
{
    ring_set(&ring_config()->pin_source, pin_file(content, len, mode));
    ring = ring_new();
    ck_assert_msg(select_orders() == expected, "%s", raised_text());
    ring_free(ring);
    ring = NULL;
}

START_TEST(from_a_file)
{
    check_file("1234", 4, 0600, ENV_R_NONE);
    check_file("1234\n", 5, 0400, ENV_R_NONE);
    check_file("1234\r\n", 6, 0640, ENV_R_NONE);
}
END_TEST

static void check_bad_file(const char *content, size_t len, mode_t mode)
{
    check_file(content, len, mode, ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "pin-source"));
    ck_assert_ptr_nonnull(strstr(raised_text(), softhsm_dir()));
    ck_assert_ptr_null(strstr(raised_text(), "1234"));
}

START_TEST(from_a_bad_file)
{
    char much[300];

    memset(much, '7', sizeof(much));
    check_bad_file("", 0, 0600);
    check_bad_file("\n", 1, 0600);
    check_bad_file(much, 257, 0600);
    check_bad_file(much, sizeof(much), 0600);
    check_bad_file("1234", 4, 0604);
    check_bad_file("1234", 4, 0602);
    ring_set(&ring_config()->pin_source, "file:/nowhere/pin");
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_str_eq(raised_text(), "pin-source: /nowhere/pin: No such file or directory");
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
}
END_TEST

START_TEST(from_a_directory)
{
    char source[128];

    (void)snprintf(source, sizeof(source), "file:%s", softhsm_dir());
    ring_set(&ring_config()->pin_source, source);
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
}
END_TEST

START_TEST(from_the_environment)
{
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
    ring_free(ring);
    (void)unsetenv("TEST_PIN");
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_str_eq(raised_text(), "pin-source: env:TEST_PIN is not set");
    (void)setenv("TEST_PIN", "", 1);
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
}
END_TEST

START_TEST(from_nowhere_else)
{
    /* somebody may have written the PIN itself there */
    ring_set(&ring_config()->pin_source, "1234");
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_str_eq(raised_text(), "pin-source is file:PATH or env:NAME");
}
END_TEST

START_TEST(from_uris)
{
    static const char *const keks[] = {"pkcs11:object=orders?pin-value=1234",
                                       "pkcs11:object=orders?pin-source=env:TEST_PIN",
                                       "pkcs11:object=orders;pin-value=1234"};

    ring_set(&ring_config()->pin_source, NULL);
    for (size_t i = 0; i < 3; i++) {
        ring = ring_new();
        ck_assert_int_eq(ring_select_reason(ring, keks[i]), ENV_R_NONE);
        ring_free(ring);
    }
    for (size_t i = 0; i < 3; i++) { /* for opening too, when it stands in the configuration */
        ring_set(&ring_config()->kek, keks[i]);
        ring = ring_new();
        ck_assert_int_eq(ring_lookup_reason(ring, "0102", ENV_WRAP_AES256_KW), ENV_R_NONE);
        ring_free(ring);
    }
    ring_set(&ring_config()->kek, NULL);
    ring_set(&ring_config()->token, "pkcs11:token=kek?pin-value=1234");
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
}
END_TEST

START_TEST(a_uri_comes_before_the_configuration)
{
    ring_set(&ring_config()->pin_source, "env:NO_SUCH_PIN");
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "pkcs11:object=orders?pin-value=1234"), ENV_R_NONE);
}
END_TEST

START_TEST(a_uri_of_another_token_gives_no_pin)
{
    ring_set(&ring_config()->pin_source, NULL);
    ring_set(&ring_config()->kek, "pkcs11:token=other;object=x?pin-value=1234");
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_PIN_MISSING);
    ck_assert_str_eq(raised_text(), "token 'kek'");
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
}
END_TEST

static bool answer(void *arg, const char *token, unsigned char *pin, size_t size, size_t *len)
{
    ck_assert_str_eq(token, "token 'kek'");
    ck_assert_uint_ge(size, 4);
    if (arg == NULL)
        return false;
    *len = strlen(arg);
    memcpy(pin, arg, *len);
    return true;
}

START_TEST(from_a_person)
{
    char pin[] = SOFTHSM_PIN;

    ring_set(&ring_config()->pin_source, NULL);
    ring = ring_new();
    env_token_keyring_ask_pin(ring, answer, NULL);
    ck_assert_int_eq(select_orders(), ENV_R_PIN_MISSING);
    env_token_keyring_ask_pin(ring, answer, pin);
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
}
END_TEST

START_TEST(a_wrong_pin_is_tried_once)
{
    (void)setenv("TEST_PIN", "9999", 1);
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_ptr_nonnull(strstr(raised_text(), "CKR_PIN_INCORRECT"));
    ck_assert_ptr_null(strstr(raised_text(), "9999"));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_int_eq(ring_lookup_reason(ring, "0102", ENV_WRAP_AES256_KW), ENV_R_PIN_WRONG);
    ring_free(ring);
    ring = ring_new(); /* another keyring of the same process */
    ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

/* Returns arg when it was told that the PIN is wrong. */
static void *select_in_thread(void *arg)
{
    const struct env_selector selector = {.name = "orders"};
    struct env_kek_list list = {0};

    (void)arg;
    return ring->vtable->select(ring, &selector, &list).reason == ENV_R_PIN_WRONG ? arg : NULL;
}

START_TEST(a_wrong_pin_is_tried_once_by_many_threads)
{
    pthread_t threads[8];

    (void)setenv("TEST_PIN", "9999", 1);
    shim_delay_us(2000);
    ring = ring_new();
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, select_in_thread, ring), 0);
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
    ring = ring_new();
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
    ring_set(&ring_config()->token, NULL);
    ring_set(&ring_config()->pin_source, NULL);
    ring_set(&ring_config()->kek,
             "pkcs11:token=kek;object=orders?pin-value=9999 pkcs11:token=second;object=mail?"
             "pin-value=1234");
    ring = ring_new();
    ck_assert_int_eq(ring_lookup_reason(ring, "0304", ENV_WRAP_AES256_KW), ENV_R_NONE);
    ck_assert_int_eq(ring_lookup_reason(ring, "0102", ENV_WRAP_AES256_KW), ENV_R_PIN_WRONG);
    ck_assert_int_eq(ring_select_reason(ring, "pkcs11:token=second;object=mail"), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 2);
}
END_TEST

START_TEST(a_locked_pin_is_not_tried)
{
    static const CK_FLAGS flags[] = {CKF_USER_PIN_LOCKED,
                                     CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY};
    static const char *const choices[] = {NULL, "yes"};

    for (size_t i = 0; i < 4; i++) {
        ring_set(&ring_config()->pin_final_try, choices[i / 2]);
        ring = ring_new();
        shim_token_flags(flags[i % 2], 0);
        ck_assert_int_eq(select_orders(), ENV_R_PIN_LOCKED);
        ck_assert_str_eq(raised_text(), "token 'kek'");
        ring_free(ring);
    }
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
    ring = ring_new();
    shim_token_flags(CKF_USER_PIN_COUNT_LOW, 0);
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
}
END_TEST

START_TEST(the_final_try_is_left_to_a_person)
{
    static const char *const choices[] = {NULL, "no"};

    shim_token_flags(CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW, 0);
    for (size_t i = 0; i < 2; i++) {
        ring_set(&ring_config()->pin_final_try, choices[i]);
        ring = ring_new();
        ck_assert_int_eq(select_orders(), ENV_R_PIN_FINAL_TRY);
        ck_assert_str_eq(raised_text(), "token 'kek'");
        ck_assert_int_eq(ring_lookup_reason(ring, "0102", ENV_WRAP_AES256_KW), ENV_R_PIN_FINAL_TRY);
        ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
        shim_token_flags(0, 0); /* it is seen when a person has logged in */
        ck_assert_int_eq(select_orders(), ENV_R_NONE);
        ring_free(ring);
        shim_forget_counts();
        shim_token_flags(CKF_USER_PIN_FINAL_TRY, 0);
    }
    ring_set(&ring_config()->pin_final_try, "yes");
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

/* The only try that is left is taken once. */
START_TEST(the_final_try_with_a_wrong_pin)
{
    (void)setenv("TEST_PIN", "9999", 1);
    ring_set(&ring_config()->pin_final_try, "yes");
    shim_token_flags(CKF_USER_PIN_FINAL_TRY, 0);
    ring = ring_new();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

/* Whatever the code says: the token has counted a wrong PIN. */
START_TEST(a_wrong_pin_by_another_code)
{
    static const CK_RV codes[] = {CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_ARGUMENTS_BAD,
                                  CKR_DEVICE_REMOVED};
    CK_RV code = codes[_i];

    ring = ring_new();
    shim_fail(SHIM_LOGIN, code, 1);
    shim_token_flags_when_login_fails(CKF_USER_PIN_COUNT_LOW);
    ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_ptr_nonnull(strstr(raised_text(), "C_Login: CKR_"));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(select_orders(), ENV_R_PIN_WRONG);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

START_TEST(a_pin_that_locks_meanwhile)
{
    ring = ring_new();
    shim_fail(SHIM_LOGIN, CKR_PIN_LOCKED, 1);
    ck_assert_int_eq(select_orders(), ENV_R_PIN_LOCKED);
}
END_TEST

START_TEST(a_login_that_fails_otherwise_is_not_repeated)
{
    ring = ring_new();
    shim_fail(SHIM_LOGIN, CKR_DEVICE_ERROR, 1);
    ck_assert_int_eq(select_orders(), ENV_R_TOKEN_FAILED);
    ck_assert_ptr_nonnull(strstr(raised_text(), "C_Login: CKR_DEVICE_ERROR (0x30), token 'kek'"));
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

/* Which the file of a SoftHSM token is that another process is writing. */
START_TEST(a_login_that_fails_for_a_moment)
{
    ring = ring_new();
    shim_fail(SHIM_LOGIN, CKR_GENERAL_ERROR, 3);
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 4);
    ring_free(ring);
    ring = ring_new();
    shim_fail(SHIM_LOGIN, CKR_GENERAL_ERROR, 1000);
    ck_assert_int_eq(select_orders(), ENV_R_TOKEN_FAILED);
    ck_assert_ptr_nonnull(strstr(raised_text(), "C_Login: CKR_GENERAL_ERROR (0x5), token 'kek'"));
}
END_TEST

START_TEST(no_login_where_none_is_required)
{
    softhsm_make_key(&(struct softhsm_key){.label = "open", .id = "05", .public_object = true});
    ring_set(&ring_config()->pin_source, NULL);
    ring_set(&ring_config()->allow_weak_kek, "yes");
    shim_token_flags(0, CKF_LOGIN_REQUIRED);
    ring = ring_new();
    ck_assert_int_eq(ring_select_reason(ring, "open"), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
}
END_TEST

START_TEST(a_pin_pad_is_asked_by_the_token_itself)
{
    ring_set(&ring_config()->pin_source, "file:/nowhere/pin"); /* must not be looked at */
    shim_token_flags(CKF_PROTECTED_AUTHENTICATION_PATH, 0);
    shim_expect_null_pin();
    ring = ring_new();
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keymgmt pin");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, from_a_file);
    tcase_add_test(tc, from_a_bad_file);
    tcase_add_test(tc, from_a_directory);
    tcase_add_test(tc, from_the_environment);
    tcase_add_test(tc, from_nowhere_else);
    tcase_add_test(tc, from_uris);
    tcase_add_test(tc, a_uri_comes_before_the_configuration);
    tcase_add_test(tc, a_uri_of_another_token_gives_no_pin);
    tcase_add_test(tc, from_a_person);
    tcase_add_test(tc, a_wrong_pin_is_tried_once);
    tcase_add_test(tc, a_wrong_pin_is_tried_once_by_many_threads);
    tcase_add_test(tc, a_wrong_pin_is_not_tried_again_in_a_child);
    tcase_add_test(tc, a_wrong_pin_for_one_token_does_no_harm_to_another);
    tcase_add_test(tc, a_locked_pin_is_not_tried);
    tcase_add_test(tc, the_final_try_is_left_to_a_person);
    tcase_add_test(tc, the_final_try_with_a_wrong_pin);
    tcase_add_loop_test(tc, a_wrong_pin_by_another_code, 0, 4);
    tcase_add_test(tc, a_pin_that_locks_meanwhile);
    tcase_add_test(tc, a_login_that_fails_otherwise_is_not_repeated);
    tcase_add_test(tc, a_login_that_fails_for_a_moment);
    tcase_add_test(tc, no_login_where_none_is_required);
    tcase_add_test(tc, a_pin_pad_is_asked_by_the_token_itself);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
