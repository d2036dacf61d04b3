/* SPDX-License-Identifier: Apache-2.0 */
/* What openssl.cnf may say: every wrong value gives an error that names its key. */
#include <openssl/crypto.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/config.h"

static struct env_config config;
static enum env_reason raised;
static unsigned entries;
static char text[512];

static void capture(void *arg, const char *file, int line, const char *func, enum env_reason reason,
                    const char *fmt, va_list ap) __attribute__((format(printf, 6, 0)));

static void capture(void *arg, const char *file, int line, const char *func, enum env_reason reason,
                    const char *fmt, va_list ap)
{
    ck_assert_ptr_eq(arg, &entries);
    ck_assert(file != NULL && line > 0 && func != NULL);
    raised = reason;
    entries++;
    (void)vsnprintf(text, sizeof(text), fmt, ap);
}

static const struct env_errors errors = {.arg = &entries, .raise = capture};

static void set_up(void)
{
    memset(&config, 0, sizeof(config));
    raised = ENV_R_NONE;
    entries = 0;
    text[0] = '\0';
}

static void tear_down(void)
{
    env_config_clear(&config);
}

static void set(char **field, const char *value)
{
    OPENSSL_free(*field);
    *field = value != NULL ? OPENSSL_strdup(value) : NULL;
}

static void good(void)
{
    ENV_RESULT r;

    entries = 0;
    r = env_config_check(&config, &errors);
    ck_assert_msg(env_ok(r), "refused: %s", text);
    ck_assert_uint_eq(entries, 0);
}

/* One entry, raised, with the reason and the key's name in it. */
static void bad(const char *key, enum env_reason reason)
{
    ENV_RESULT r;

    entries = 0;
    r = env_config_check(&config, &errors);
    ck_assert_int_eq(r.reason, reason);
    ck_assert(r.raised);
    ck_assert_uint_eq(entries, 1);
    ck_assert_int_eq(raised, reason);
    ck_assert_msg(strstr(text, key) != NULL, "\"%s\" does not name %s", text, key);
}

START_TEST(nothing_configured)
{
    good();
    ck_assert_int_eq(config.wrap_choice, ENV_WRAP_CHOICE_AUTO);
    ck_assert(!config.weak_allowed);
    ck_assert(!config.imported_allowed);
}
END_TEST

static const struct {
    const char *key;
    size_t field;
} keys[] = {
    {"pkcs11-module-path", offsetof(struct env_config, module_path)},
    {"pkcs11-module-init-args", offsetof(struct env_config, module_init_args)},
    {"token", offsetof(struct env_config, token)},
    {"pin-source", offsetof(struct env_config, pin_source)},
    {"kek", offsetof(struct env_config, kek)},
    {"wrap", offsetof(struct env_config, wrap)},
    {"open-kek", offsetof(struct env_config, open_kek)},
    {"propquery", offsetof(struct env_config, propquery)},
    {"allow-weak-kek", offsetof(struct env_config, allow_weak_kek)},
    {"allow-imported-kek", offsetof(struct env_config, allow_imported_kek)},
    {"session-wait", offsetof(struct env_config, session_wait)},
};

static char **field_of(size_t i)
{
    return (char **)(void *)((char *)&config + keys[i].field);
}

START_TEST(empty_values)
{
    static const char *const empties[] = {"", " ", "   "};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        for (size_t j = 0; j < 3; j++) {
            set(field_of(i), empties[j]);
            bad(keys[i].key, ENV_R_CONFIG_VALUE);
        }
        set(field_of(i), NULL);
        good();
    }
}
END_TEST

START_TEST(seconds_to_wait)
{
    static const char *const wrong[] = {"-1", "10s", "1.5", " 1", "1 ", "10000", "0x10", "ten"};

    good();
    ck_assert_uint_eq(config.session_wait_seconds, 10);
    set(&config.session_wait, "0");
    good();
    ck_assert_uint_eq(config.session_wait_seconds, 0);
    set(&config.session_wait, "9999");
    good();
    ck_assert_uint_eq(config.session_wait_seconds, 9999);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set(&config.session_wait, wrong[i]);
        bad("session-wait", ENV_R_CONFIG_VALUE);
    }
}
END_TEST

START_TEST(ways_to_wrap)
{
    static const struct {
        const char *name;
        enum env_wrap_choice choice;
    } choices[] = {{"auto", ENV_WRAP_CHOICE_AUTO},
                   {"aes-kw", ENV_WRAP_CHOICE_AES_KW},
                   {"aes-kwp", ENV_WRAP_CHOICE_AES_KWP},
                   {"aes-gcm", ENV_WRAP_CHOICE_AES_GCM}};
    static const char *const wrong[] = {"AES-KW", "aes_kw", "aeskw", "aes-kw ",       " aes-kw",
                                        "kw",     "aes",    "none",  "aes-kwp,aes-kw"};

    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        set(&config.wrap, choices[i].name);
        good();
        ck_assert_int_eq(config.wrap_choice, choices[i].choice);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set(&config.wrap, wrong[i]);
        bad("wrap", ENV_R_CONFIG_VALUE);
    }
}
END_TEST

START_TEST(yes_and_no)
{
    static const char *const wrong[] = {"Yes", "YES", "y",     "true", "1",    "on",
                                        "No",  "off", "false", "0",    "yes ", " no"};
    char **fields[] = {&config.allow_weak_kek, &config.allow_imported_kek, &config.pin_final_try};
    bool *outcomes[] = {&config.weak_allowed, &config.imported_allowed, &config.pin_final_try_on};
    static const char *const names[] = {"allow-weak-kek", "allow-imported-kek", "pin-final-try"};

    for (size_t i = 0; i < 3; i++) {
        set(fields[i], "yes");
        good();
        ck_assert(*outcomes[i]);
        ck_assert(!*outcomes[(i + 1) % 3] && !*outcomes[(i + 2) % 3]);
        set(fields[i], "no");
        good();
        ck_assert(!*outcomes[i]);
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            set(fields[i], wrong[j]);
            bad(names[i], ENV_R_CONFIG_VALUE);
            ck_assert(!*outcomes[i]); /* never open by mistake */
        }
        set(fields[i], NULL);
    }
}
END_TEST

/* libcrypto would ignore a query that it can not parse, and fetch anything. */
START_TEST(property_queries)
{
    static const char *const right[] = {"fips=yes", "provider=default", "?fips=yes,-provider"};
    static const char *const wrong[] = {"fips=yes,fips=no", "fips==yes", "=yes", "fips yes"};

    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        set(&config.propquery, right[i]);
        good();
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set(&config.propquery, wrong[i]);
        bad("propquery", ENV_R_CONFIG_VALUE);
    }
}
END_TEST

START_TEST(length_of_the_context)
{
    char longest[4098];

    memset(longest, 'c', sizeof(longest));
    longest[4097] = '\0';
    set(&config.context, ""); /* what is left of one that begins with a # */
    bad("context", ENV_R_CONFIG_VALUE);
    set(&config.context, longest + 1);
    good();
    set(&config.context, longest);
    bad("context", ENV_R_CONTEXT_TOO_LONG);
}
END_TEST

/* A likely misspelling is worse than any other mistake: what it should have said is not in force.
 */
START_TEST(misspelt_keys)
{
    static const char *const slips[] = {"pin", "pin_source", "keks", "allow_weak_kek"};

    set(&config.wrap, "nonsense");
    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        set(&config.unknown, slips[i]);
        bad(slips[i], ENV_R_CONFIG_UNKNOWN_KEY);
    }
}
END_TEST

/* Secrets may stand in what is configured: no error repeats a value. */
START_TEST(values_are_not_repeated)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        set(field_of(i), "tr0ub4dor");
        text[0] = '\0';
        (void)env_config_check(&config, &errors);
        ck_assert_ptr_null(strstr(text, "tr0ub4dor"));
        set(field_of(i), NULL);
    }
}
END_TEST

START_TEST(clearing)
{
    static const struct env_config empty;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        set(field_of(i), "something");
    set(&config.context, "something");
    set(&config.unknown, "something");
    env_config_clear(&config);
    config.wrap_choice = empty.wrap_choice;
    ck_assert_mem_eq(&config, &empty, offsetof(struct env_config, wrap_choice));
    env_config_clear(&config); /* and once more */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("configuration");
    TCase *tcase = tcase_create("values");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, nothing_configured);
    tcase_add_test(tcase, empty_values);
    tcase_add_test(tcase, seconds_to_wait);
    tcase_add_test(tcase, ways_to_wrap);
    tcase_add_test(tcase, yes_and_no);
    tcase_add_test(tcase, property_queries);
    tcase_add_test(tcase, length_of_the_context);
    tcase_add_test(tcase, misspelt_keys);
    tcase_add_test(tcase, values_are_not_repeated);
    tcase_add_test(tcase, clearing);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
