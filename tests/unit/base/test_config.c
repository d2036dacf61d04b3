/* SPDX-License-Identifier: Apache-2.0 */
/* What openssl.cnf may say: every wrong value gives an error that names its key. */
#include <limits.h>
#include <openssl/crypto.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "envelope/base/config.h"
#include "envelope/base/config_list.h"
#include "envelope/base/config_slips.h"

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

START_TEST(defaults_hold_when_nothing_is_configured)
{
    good();
    ck_assert_int_eq(config.wrap_choice, ENV_WRAP_CHOICE_AUTO);
    ck_assert(!config.weak_allowed);
    ck_assert(!config.imported_allowed);
}
END_TEST

/* ---- all rows ---- */

static char **field_of(const struct env_config_key *key)
{
    return (char **)(void *)((char *)&config + key->field);
}

static unsigned number_of(const struct env_config_key *key)
{
    unsigned number;

    memcpy(&number, (const char *)&config + key->value, sizeof(number));
    return number;
}

#define FOR_EACH_KEY(key) for (size_t i_ = 0; ((key) = env_config_key(i_)) != NULL; i_++)

START_TEST(an_empty_value_is_refused)
{
    static const char *const empties[] = {"", " ", "   ", "\t"};
    const struct env_config_key *key;

    FOR_EACH_KEY(key)
    {
        for (size_t j = 0; j < 4; j++) {
            set(field_of(key), empties[j]);
            bad(key->name, ENV_R_CONFIG_VALUE);
        }
        set(field_of(key), NULL);
        good();
    }
}
END_TEST

START_TEST(keys_and_state_have_paths_from_the_root)
{
    ck_assert(env_ok(env_config_check(&config, &errors)));
    ck_assert_str_eq(config.keys_directory, "/etc/envelope/keys");
    ck_assert_ptr_null(config.state_file);
    set(&config.keys_directory, "keys");
    bad("keys-directory", ENV_R_CONFIG_VALUE);
    set(&config.keys_directory, "/keys");
    set(&config.state_file, "../state");
    bad("state-file", ENV_R_CONFIG_VALUE);
}
END_TEST

START_TEST(allow_keys_has_names_and_beginnings)
{
    static const char *const good[] = {"orders", "orders@3 archive", "tenant-*", "*", "a_b-9"};
    static const char *const wrong[] = {"or", "*s", "orders@", "orders@x", "or.ders", "orders a**"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        set(&config.allow_keys, good[i]);
        ck_assert(env_ok(env_config_check(&config, &errors)));
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set(&config.allow_keys, wrong[i]);
        bad("allow-keys", ENV_R_CONFIG_VALUE);
    }
}
END_TEST

START_TEST(session_wait_is_a_number_of_seconds)
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

static const struct {
    const char *key;
    unsigned value;
    const char *word;
} choices[] = {
    {"wrap", ENV_WRAP_CHOICE_AUTO, "auto"},         {"wrap", ENV_WRAP_CHOICE_AES_KW, "aes-kw"},
    {"wrap", ENV_WRAP_CHOICE_AES_KWP, "aes-kwp"},   {"wrap", ENV_WRAP_CHOICE_AES_GCM, "aes-gcm"},
    {"wrap", ENV_WRAP_CHOICE_RSA_OAEP, "rsa-oaep"}, {"oaep-hash", ENV_OAEP_AUTO, "auto"},
    {"oaep-hash", ENV_OAEP_SHA256, "sha256"},       {"oaep-hash", ENV_OAEP_SHA1, "sha1"},
};

#define CHOICES (sizeof(choices) / sizeof(choices[0]))

/* The words of a row are in the order of the enum: every word is tried. */
START_TEST(a_choice_takes_its_words)
{
    const struct env_config_key *key;
    struct env_word word;
    size_t tried = 0;

    for (size_t i = 0; i < CHOICES; i++) {
        key = env_config_key_named(choices[i].key);
        set(field_of(key), choices[i].word);
        good();
        ck_assert_uint_eq(number_of(key), choices[i].value);
        set(field_of(key), NULL);
        good();
        ck_assert_uint_eq(number_of(key), 0);
    }
    FOR_EACH_KEY(key)
    {
        for (const char *at = key->words; at != NULL && env_word_next(&at, &word);)
            tried++;
    }
    ck_assert_uint_eq(tried, CHOICES);
}
END_TEST

START_TEST(a_word_that_is_no_choice_is_refused)
{
    static const char *const wrong[] = {"AES-KW", "aes_kw", "aeskw", "aes-kw ",       " aes-kw",
                                        "kw",     "aes",    "none",  "aes-kwp,aes-kw"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set(&config.wrap, wrong[i]);
        bad("wrap", ENV_R_CONFIG_VALUE);
        ck_assert_str_eq(text, "wrap is auto, aes-kw, aes-kwp, aes-gcm or rsa-oaep");
    }
    set(&config.wrap, NULL);
    set(&config.oaep_hash, "SHA256");
    bad("oaep-hash", ENV_R_CONFIG_VALUE);
    ck_assert_str_eq(text, "oaep-hash is auto, sha256 or sha1");
}
END_TEST

static bool *flag_of(const struct env_config_key *key)
{
    return (bool *)(void *)((char *)&config + key->value);
}

static bool is_flag(const struct env_config_key *key)
{
    return key->kind == ENV_CONFIG_YES_NO || key->kind == ENV_CONFIG_UNLESS_NO;
}

START_TEST(switches_take_yes_or_no_alone)
{
    static const char *const wrong[] = {"Yes", "YES", "y",     "true", "1",    "on",
                                        "No",  "off", "false", "0",    "yes ", " no"};
    const struct env_config_key *key;
    char wanted[128];
    unsigned tried = 0;

    set(&config.audit_log, "syslog"); /* audit-required needs it */
    FOR_EACH_KEY(key)
    {
        if (!is_flag(key))
            continue;
        tried++;
        set(field_of(key), "yes");
        good();
        ck_assert(*flag_of(key));
        set(field_of(key), "no");
        good();
        ck_assert(!*flag_of(key));
        (void)snprintf(wanted, sizeof(wanted), "%s takes yes or no", key->name);
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            set(field_of(key), wrong[j]);
            bad(key->name, ENV_R_CONFIG_VALUE);
            ck_assert_str_eq(text, wanted);
            ck_assert(!*flag_of(key)); /* never open by mistake */
        }
        set(field_of(key), NULL);
    }
    ck_assert_uint_ge(tried, 6);
}
END_TEST

/* One that is on changes no other. */
START_TEST(each_yes_has_its_own_place)
{
    const struct env_config_key *key;

    set(&config.audit_log, "syslog");
    FOR_EACH_KEY(key)
    {
        const struct env_config_key *other;

        if (!is_flag(key))
            continue;
        set(field_of(key), "yes");
        good();
        for (size_t i = 0; (other = env_config_key(i)) != NULL; i++)
            ck_assert(!is_flag(other) || *flag_of(other) == (other == key));
        set(field_of(key), NULL);
    }
}
END_TEST

START_TEST(a_required_audit_log_must_be_named)
{
    static const char *const wrong[] = {"audit.log", "stderr:",    "stdout", "unix",
                                        "unix:",     "unix:audit", "syslog:"};
    static const char *const right[] = {"file:/var/log/audit.log", "syslog", "syslog:/run/log",
                                        "unix:/run/audit", "stderr"};

    set(&config.audit_required, "yes");
    bad("audit-required without an audit-log", ENV_R_CONFIG_VALUE);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set(&config.audit_log, wrong[i]);
        bad("audit-log is file:/PATH, syslog, syslog:/PATH of its socket, unix:/PATH or stderr",
            ENV_R_CONFIG_VALUE);
    }
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        set(&config.audit_log, right[i]);
        good();
    }
}
END_TEST

START_TEST(an_application_has_a_name_that_can_be_shown)
{
    static const char *const wrong[] = {"a\nb", "\x1b[1m", "\xff", "a\xc2", "\xe2\x80\xae"};
    char longest[130];

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set(&config.application, wrong[i]);
        bad("application takes a name of up to 128 bytes of UTF-8, without control characters",
            ENV_R_CONFIG_VALUE);
    }
    set(&config.application, "B\xc3\xbc"
                             "cher, 2. Stock \"links\"");
    good();
    memset(longest, 'x', sizeof(longest));
    longest[129] = '\0';
    set(&config.application, longest);
    bad("application takes a name", ENV_R_CONFIG_VALUE);
    longest[128] = '\0';
    set(&config.application, longest);
    good();
}
END_TEST

/* ---- rows that no key has yet ---- */

static void row_is_good(const struct env_config_key *row)
{
    entries = 0;
    ck_assert(env_ok(env_config_judge(row, &config, &errors)));
    ck_assert_uint_eq(entries, 0);
}

START_TEST(a_text_may_have_a_default)
{
    static const struct env_config_key row = {.name = "keys",
                                              .kind = ENV_CONFIG_TEXT,
                                              .field = offsetof(struct env_config, token),
                                              .text = "/etc/envelope/keys",
                                              .slips = ""};

    row_is_good(&row);
    ck_assert_str_eq(config.token, "/etc/envelope/keys");
    row_is_good(&row); /* and once more */
    set(&config.token, "/mine");
    row_is_good(&row);
    ck_assert_str_eq(config.token, "/mine");
    set(&config.token, " ");
    ck_assert_int_eq(env_config_judge(&row, &config, &errors).reason, ENV_R_CONFIG_VALUE);
    ck_assert_str_eq(text, "keys is empty");
}
END_TEST

START_TEST(a_number_lies_between_two)
{
    static const struct env_config_key row = {.name = "cache",
                                              .kind = ENV_CONFIG_NUMBER,
                                              .field = offsetof(struct env_config, token),
                                              .value =
                                                  offsetof(struct env_config, session_wait_seconds),
                                              .least = 3,
                                              .most = UINT_MAX,
                                              .usual = 1024,
                                              .unit = "",
                                              .slips = ""};
    static const char *const wrong[] = {
        "2", "0", "", " 3", "+3", "4294967296", "99999999999999999999999999"};

    row_is_good(&row);
    ck_assert_uint_eq(config.session_wait_seconds, 1024);
    set(&config.token, "4294967295");
    row_is_good(&row);
    ck_assert_uint_eq(config.session_wait_seconds, UINT_MAX);
    set(&config.token, "0003");
    row_is_good(&row);
    ck_assert_uint_eq(config.session_wait_seconds, 3);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        set(&config.token, wrong[i]);
        ck_assert_int_eq(env_config_judge(&row, &config, &errors).reason, ENV_R_CONFIG_VALUE);
        ck_assert_str_eq(text, "cache is 3 to 4294967295");
    }
}
END_TEST

/* ---- single keys ---- */

/* libcrypto would ignore a query that it cannot parse, and fetch anything. */
START_TEST(a_property_query_must_parse)
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

START_TEST(a_context_is_1_to_4096_bytes)
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

/* ---- misspellings ---- */

/* A section with one key, as the core hands it out. */
struct one {
    const char *key;
    const char *value;
};

static bool ask_one(void *arg, const char *key, char **value)
{
    const struct one *one = arg;

    if (strcmp(key, one->key) == 0)
        *value = OPENSSL_strdup(one->value);
    return true;
}

static void read_one(const char *key, const char *value)
{
    struct one one = {key, value};

    env_config_clear(&config);
    ck_assert(env_config_read(&config, ask_one, &one));
}

/* It is refused, whatever else is wrong, and the error says what was meant. */
static void is_misspelling(const char *slip, const char *meant)
{
    char wanted[160];

    read_one(slip, "tr0ub4dor");
    ck_assert_msg(config.unknown != NULL, "%s is not recognised as a misspelling", slip);
    set(&config.wrap, "nonsense");
    bad(slip, ENV_R_CONFIG_UNKNOWN_KEY);
    (void)snprintf(wanted, sizeof(wanted), "%s (%s?)", slip, meant);
    ck_assert_str_eq(text, wanted);
    ck_assert_str_eq(env_config_key_meant(slip)->name, meant);
}

START_TEST(misspellings_are_found_by_rule)
{
    is_misspelling("keks", "kek");
    is_misspelling("tokens", "token");
    is_misspelling("open_kek", "open-kek");
    is_misspelling("open_keks", "open-kek");
    is_misspelling("open-keks", "open-kek");
    is_misspelling("openkek", "open-kek");
    is_misspelling("openkeks", "open-kek");
    is_misspelling("pin_source", "pin-source");
    is_misspelling("pinsource", "pin-source");
    is_misspelling("pkcs11-module-init-arg", "pkcs11-module-init-args");
    is_misspelling("pkcs11_module_init_arg", "pkcs11-module-init-args");
    is_misspelling("standard-name", "standard-names");
    is_misspelling("audit_required", "audit-required");
}
END_TEST

START_TEST(each_row_has_its_misspellings)
{
    const struct env_config_key *key;
    struct env_word word;
    char slip[ENV_CONFIG_NAME_MAX];
    unsigned tried = 0;

    FOR_EACH_KEY(key)
    {
        for (const char *at = key->slips; env_word_next(&at, &word); tried++) {
            (void)snprintf(slip, sizeof(slip), "%.*s", (int)word.len, word.text);
            ck_assert_msg(env_config_key_named(slip) == NULL, "%s is a key", slip);
            is_misspelling(slip, key->name);
        }
    }
    ck_assert_uint_ge(tried, 20);
}
END_TEST

/* The name itself, and whatever is no misspelling, is never looked for as one. */
START_TEST(no_name_is_taken_for_a_misspelling)
{
    const struct env_config_key *key;

    FOR_EACH_KEY(key)
    {
        ck_assert_uint_lt(strlen(key->name), ENV_CONFIG_NAME_MAX - 1);
        ck_assert_ptr_eq(env_config_key_named(key->name), key);
        read_one(key->name, "yes");
        ck_assert_msg(config.unknown == NULL, "%s", key->name);
        ck_assert_str_eq(*field_of(key), "yes");
    }
    ck_assert_ptr_null(env_config_key_named("identity"));
    ck_assert_ptr_null(env_config_key_meant("identity"));
    ck_assert_ptr_null(env_config_key_meant("module"));
    ck_assert_ptr_null(env_config_key_meant("activate"));
    ck_assert_ptr_null(env_config_key_meant("soft_load"));
    ck_assert_ptr_null(env_config_key_meant(""));
}
END_TEST

/* What is in force from loading on is on after any slip, and everything else only after a yes. */
START_TEST(standard_names_are_in_force_when_read)
{
    const struct env_config_key *key;

    FOR_EACH_KEY(key)
    {
        bool early = key->kind == ENV_CONFIG_UNLESS_NO;

        if (!is_flag(key))
            continue;
        read_one(key->name, "yes");
        ck_assert(*flag_of(key));
        read_one(key->name, "YES");
        ck_assert(*flag_of(key) == early);
        bad(key->name, ENV_R_CONFIG_VALUE);
        ck_assert(*flag_of(key) == early);
        read_one(key->name, "");
        ck_assert(*flag_of(key) == early);
        read_one(key->name, "no");
        ck_assert(!*flag_of(key));
        read_one("identity", "no");
        ck_assert(!*flag_of(key));
    }
    read_one("standard_names", "no");
    ck_assert(config.standard_names_on);
    read_one("key_ciphers", "AES-256-GCM");
    ck_assert(config.key_ciphers_on && !config.key_kdfs_on);
    read_one("key-kdf", "PBKDF2");
    ck_assert(!config.key_ciphers_on && config.key_kdfs_on);
    read_one("key-ciphers", "");
    ck_assert(config.key_ciphers_on);
    read_one("pkcs11_scheme", "yes");
    ck_assert(!config.pkcs11_scheme_on);
}
END_TEST

/* ---- secrets, and the end ---- */

/* The configuration may hold secrets: no error repeats a value. */
START_TEST(errors_never_repeat_a_value)
{
    const struct env_config_key *key;

    FOR_EACH_KEY(key)
    {
        set(field_of(key), "tr0ub4dor");
        text[0] = '\0';
        (void)env_config_check(&config, &errors);
        ck_assert_ptr_null(strstr(text, "tr0ub4dor"));
        set(field_of(key), NULL);
    }
}
END_TEST

START_TEST(clearing_leaves_nothing_behind)
{
    const struct env_config_key *key;

    FOR_EACH_KEY(key) set(field_of(key), "something");
    set(&config.unknown, "something");
    env_config_clear(&config);
    FOR_EACH_KEY(key) ck_assert_ptr_null(*field_of(key));
    ck_assert_ptr_null(config.unknown);
    env_config_clear(&config); /* and once more */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: configuration");
    TCase *tcase = tcase_create("values");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, defaults_hold_when_nothing_is_configured);
    tcase_add_test(tcase, an_empty_value_is_refused);
    tcase_add_test(tcase, session_wait_is_a_number_of_seconds);
    tcase_add_test(tcase, keys_and_state_have_paths_from_the_root);
    tcase_add_test(tcase, allow_keys_has_names_and_beginnings);
    tcase_add_test(tcase, a_choice_takes_its_words);
    tcase_add_test(tcase, a_word_that_is_no_choice_is_refused);
    tcase_add_test(tcase, switches_take_yes_or_no_alone);
    tcase_add_test(tcase, each_yes_has_its_own_place);
    tcase_add_test(tcase, a_required_audit_log_must_be_named);
    tcase_add_test(tcase, an_application_has_a_name_that_can_be_shown);
    tcase_add_test(tcase, a_text_may_have_a_default);
    tcase_add_test(tcase, a_number_lies_between_two);
    tcase_add_test(tcase, a_property_query_must_parse);
    tcase_add_test(tcase, a_context_is_1_to_4096_bytes);
    tcase_add_test(tcase, misspellings_are_found_by_rule);
    tcase_add_test(tcase, each_row_has_its_misspellings);
    tcase_add_test(tcase, no_name_is_taken_for_a_misspelling);
    tcase_add_test(tcase, standard_names_are_in_force_when_read);
    tcase_add_test(tcase, errors_never_repeat_a_value);
    tcase_add_test(tcase, clearing_leaves_nothing_behind);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
