/* SPDX-License-Identifier: Apache-2.0 */
/* Where PINs come from. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "keyring_case.h"
#include "temporary.h"

static enum env_reason select_orders(void)
{
    return keyring_select_reason(keyring, "orders");
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
    temporary_close(file, source + 5);
    ck_assert_int_eq(chmod(source + 5, mode), 0);
    return source;
}

static void check_file(const char *content, size_t len, mode_t mode, enum env_reason expected)
{
    keyring_set(&keyring_config()->pin_source, pin_file(content, len, mode));
    keyring = keyring_new();
    ck_assert_msg(select_orders() == expected, "%s", raised_text());
    keyring_free(keyring);
    keyring = NULL;
}

START_TEST(a_pin_comes_from_a_file)
{
    check_file("1234", 4, 0600, ENV_R_NONE);
    check_file("1234\n", 5, 0400, ENV_R_NONE);
    check_file("1234\r\n", 6, 0640, ENV_R_NONE);
}
END_TEST

/* As a URI names one. */
START_TEST(a_pin_file_may_be_named_as_in_a_uri)
{
    static const char *const hosts[] = {"file://", "file://localhost", "file://LOCALHOST"};
    char path[256];
    char source[512];

    (void)snprintf(path, sizeof(path), "%s", pin_file("1234\n", 5, 0600) + 5);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        (void)snprintf(source, sizeof(source), "%s%s", hosts[i], path);
        keyring_set(&keyring_config()->pin_source, source);
        keyring = keyring_new();
        ck_assert_msg(select_orders() == ENV_R_NONE, "%s: %s", source, raised_text());
        keyring_free(keyring);
        keyring = NULL;
    }
    (void)snprintf(source, sizeof(source), "file://elsewhere%s", path);
    keyring_set(&keyring_config()->pin_source, source);
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "another host"));
}
END_TEST

/* What is no PIN costs no try of the token's. */
START_TEST(what_no_pin_has_is_refused_before_the_token_is_asked)
{
    static const struct {
        const char *text;
        size_t len;
    } bad[] = {
        {"1234\n\n", 6},
        {"1234\r", 5},
        {"1234\r\r\n", 7},
        {"12\n34", 5},
        {"1234\0", 5},
        {"1\0002\0003\0004\0", 8},
        {"\n1234", 5},
        {"\xEF\xBB\xBF"
         "1234\n",
         8},
        {"\xFF\xFE"
         "1",
         3},
        {"\xFE\xFF\0"
         "1",
         4},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_file(bad[i].text, bad[i].len, 0600, ENV_R_CONFIG_PIN_SOURCE);
        ck_assert_ptr_nonnull(strstr(raised_text(), softhsm_dir()));
        ck_assert_ptr_null(strstr(raised_text(), "1234"));
    }
    keyring_set(&keyring_config()->pin_source, "env:TEST_PIN");
    (void)setenv("TEST_PIN", "1234\n", 1);
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "env:TEST_PIN"));
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
    (void)setenv("TEST_PIN", SOFTHSM_PIN, 1);
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
}
END_TEST

/* systemd's folder for a service: files of root's that its user's group or an ACL lets it read. */
START_TEST(a_pin_may_be_a_credential_of_a_service)
{
    static const struct {
        const char *source;
        const char *words;
    } bad[] = {
        {"credential:", "no name of a credential"},
        {"credential:.pin", "no name of a credential"},
        {"credential:../pin", "no name of a credential"},
        {"credential:other", "No such file"},
    };

    (void)pin_file("1234\n", 5, 0440);
    (void)setenv("CREDENTIALS_DIRECTORY", softhsm_dir(), 1);
    keyring_set(&keyring_config()->pin_source, "credential:pin");
    keyring = keyring_new();
    ck_assert_msg(select_orders() == ENV_R_NONE, "%s", raised_text());
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        keyring_free(keyring);
        keyring_set(&keyring_config()->pin_source, bad[i].source);
        keyring = keyring_new();
        ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
        ck_assert_msg(strstr(raised_text(), bad[i].words) != NULL, "%s", raised_text());
    }
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    keyring_free(keyring);
    keyring_set(&keyring_config()->pin_source, "credential:pin");
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "LoadCredential="));
}
END_TEST

static void check_bad_file(const char *content, size_t len, mode_t mode)
{
    check_file(content, len, mode, ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "pin-source"));
    ck_assert_ptr_nonnull(strstr(raised_text(), softhsm_dir()));
    ck_assert_ptr_null(strstr(raised_text(), "1234"));
}

START_TEST(a_bad_pin_file_is_refused)
{
    char much[300];

    memset(much, '7', sizeof(much));
    check_bad_file("", 0, 0600);
    check_bad_file("\n", 1, 0600);
    check_bad_file(much, 257, 0600);
    check_bad_file(much, sizeof(much), 0600);
    check_bad_file("1234", 4, 0604);
    ck_assert_ptr_nonnull(strstr(raised_text(), "/pin: everyone may read it"));
    check_bad_file("1234", 4, 0602);
    ck_assert_ptr_nonnull(strstr(raised_text(), "/pin: everyone may write to it"));
    check_bad_file("1234", 4, 0620);
    ck_assert_ptr_nonnull(strstr(raised_text(), "/pin: its group may write to it"));
    keyring_set(&keyring_config()->pin_source, "file:/nowhere/pin");
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_str_eq(raised_text(), "pin-source: /nowhere/pin: No such file or directory");
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
}
END_TEST

START_TEST(a_directory_is_no_pin_file)
{
    char source[128];

    (void)snprintf(source, sizeof(source), "file:%s", softhsm_dir());
    keyring_set(&keyring_config()->pin_source, source);
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
}
END_TEST

START_TEST(a_pin_comes_from_the_environment)
{
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
    keyring_free(keyring);
    (void)unsetenv("TEST_PIN");
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_str_eq(raised_text(), "pin-source: env:TEST_PIN is not set");
    (void)setenv("TEST_PIN", "", 1);
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
}
END_TEST

/* Links are followed: Kubernetes mounts every file through two. What is judged is where they end.
 */
START_TEST(a_pin_file_is_judged_where_its_link_ends)
{
    char link[300];
    char source[320];

    (void)snprintf(link, sizeof(link), "%s/pin-link", softhsm_dir());
    (void)snprintf(source, sizeof(source), "file:%s", link);
    (void)pin_file("1234", 4, 0400);
    ck_assert_int_eq(symlink("pin", link), 0);
    keyring_set(&keyring_config()->pin_source, source);
    keyring = keyring_new();
    ck_assert_msg(select_orders() == ENV_R_NONE, "%s", raised_text());
    keyring_free(keyring);
    (void)pin_file("1234", 4, 0420);
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_ptr_nonnull(strstr(raised_text(), "/pin-link: its group may write to it"));
    ck_assert_int_eq(unlink(link), 0);
}
END_TEST

/* A set-user-ID program, as the linker puts it here (--wrap). */
static bool secure;

char *__wrap_secure_getenv(const char *name);
unsigned long __wrap_getauxval(unsigned long type);

char *__wrap_secure_getenv(const char *name)
{
    return secure ? NULL : getenv(name);
}

unsigned long __wrap_getauxval(unsigned long type)
{
    ck_assert_uint_eq(type, AT_SECURE);
    return secure;
}

START_TEST(a_set_user_id_program_takes_no_pin_from_its_environment)
{
    secure = true;
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_PIN_ENVIRONMENT);
    ck_assert_str_eq(raised_text(), "pin-source: env:TEST_PIN");
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
    keyring_free(keyring);
    keyring_set(&keyring_config()->pin_source, "credential:pin");
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_PIN_ENVIRONMENT);
    ck_assert_str_eq(raised_text(), "pin-source: credential:pin");
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
    secure = false;
    keyring_free(keyring);
    keyring_set(&keyring_config()->pin_source, "env:TEST_PIN");
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
}
END_TEST

START_TEST(any_other_pin_source_is_refused)
{
    /* somebody may have written the PIN itself there */
    keyring_set(&keyring_config()->pin_source, "1234");
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_CONFIG_PIN_SOURCE);
    ck_assert_str_eq(raised_text(), "pin-source must be file:PATH, credential:NAME or env:NAME");
}
END_TEST

START_TEST(a_pin_comes_from_a_uri)
{
    static const char *const keks[] = {"pkcs11:object=orders?pin-value=1234",
                                       "pkcs11:object=orders?pin-source=env:TEST_PIN",
                                       "pkcs11:object=orders;pin-value=1234"};

    keyring_set(&keyring_config()->pin_source, NULL);
    for (size_t i = 0; i < 3; i++) {
        keyring = keyring_new();
        ck_assert_int_eq(keyring_select_reason(keyring, keks[i]), ENV_R_NONE);
        keyring_free(keyring);
    }
    for (size_t i = 0; i < 3; i++) { /* for opening too, when it is in the configuration */
        keyring_set(&keyring_config()->kek, keks[i]);
        keyring = keyring_new();
        ck_assert_int_eq(keyring_lookup_reason(keyring, "0102", ENV_WRAP_AES256_KW), ENV_R_NONE);
        keyring_free(keyring);
    }
    keyring_set(&keyring_config()->kek, NULL);
    keyring_set(&keyring_config()->token, "pkcs11:token=kek?pin-value=1234");
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
}
END_TEST

START_TEST(a_uri_comes_before_the_configuration)
{
    keyring_set(&keyring_config()->pin_source, "env:NO_SUCH_PIN");
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "pkcs11:object=orders?pin-value=1234"),
                     ENV_R_NONE);
}
END_TEST

START_TEST(a_uri_of_another_token_gives_no_pin)
{
    keyring_set(&keyring_config()->pin_source, NULL);
    keyring_set(&keyring_config()->kek, "pkcs11:token=other;object=x?pin-value=1234");
    keyring = keyring_new();
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

START_TEST(a_pin_comes_from_a_person)
{
    char pin[] = SOFTHSM_PIN;

    keyring_set(&keyring_config()->pin_source, NULL);
    keyring = keyring_new();
    env_token_keyring_ask_pin(keyring, answer, NULL);
    ck_assert_int_eq(select_orders(), ENV_R_PIN_MISSING);
    env_token_keyring_ask_pin(keyring, answer, pin);
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
}
END_TEST

START_TEST(no_login_where_none_is_required)
{
    softhsm_make_key(&(struct softhsm_key){.label = "open", .id = "05", .public_object = true});
    keyring_set(&keyring_config()->pin_source, NULL);
    keyring_set(&keyring_config()->allow_weak_kek, "yes");
    shim_token_flags(0, CKF_LOGIN_REQUIRED);
    keyring = keyring_new();
    ck_assert_int_eq(keyring_select_reason(keyring, "open"), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 0);
}
END_TEST

START_TEST(a_pin_pad_is_asked_by_the_token_itself)
{
    keyring_set(&keyring_config()->pin_source, "file:/nowhere/pin"); /* must not be looked at */
    shim_token_flags(CKF_PROTECTED_AUTHENTICATION_PATH, 0);
    shim_expect_null_pin();
    keyring = keyring_new();
    ck_assert_int_eq(select_orders(), ENV_R_NONE);
    ck_assert_uint_eq(shim_count(SHIM_LOGIN), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token: where a PIN comes from");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, keyring_setup_orders, keyring_teardown);
    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, a_pin_comes_from_a_file);
    tcase_add_test(tc, a_pin_file_may_be_named_as_in_a_uri);

    tcase_add_test(tc, a_pin_may_be_a_credential_of_a_service);
    tcase_add_test(tc, what_no_pin_has_is_refused_before_the_token_is_asked);
    tcase_add_test(tc, a_bad_pin_file_is_refused);
    tcase_add_test(tc, a_directory_is_no_pin_file);
    tcase_add_test(tc, a_pin_comes_from_the_environment);
    tcase_add_test(tc, a_pin_file_is_judged_where_its_link_ends);
    tcase_add_test(tc, a_set_user_id_program_takes_no_pin_from_its_environment);
    tcase_add_test(tc, any_other_pin_source_is_refused);
    tcase_add_test(tc, a_pin_comes_from_a_uri);
    tcase_add_test(tc, a_uri_comes_before_the_configuration);
    tcase_add_test(tc, a_uri_of_another_token_gives_no_pin);
    tcase_add_test(tc, a_pin_comes_from_a_person);
    tcase_add_test(tc, no_login_where_none_is_required);
    tcase_add_test(tc, a_pin_pad_is_asked_by_the_token_itself);
    suite_add_tcase(suite, tc);
    return caller_run(suite);
}
