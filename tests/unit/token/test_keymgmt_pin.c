/* SPDX-License-Identifier: Apache-2.0 */
/* Where PINs come from. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring_case.h"

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

    tcase_add_checked_fixture(tc, ring_setup_orders, ring_teardown);
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
    tcase_add_test(tc, no_login_where_none_is_required);
    tcase_add_test(tc, a_pin_pad_is_asked_by_the_token_itself);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
