/* SPDX-License-Identifier: Apache-2.0 */
/* The state file: its contents, invalid files, and folders of them. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/named/state_file.h"
#include "named_case.h"

static struct env_state *state;

static int told(ENV_RESULT r)
{
    int on_stack = caller_reason();

    ck_assert_int_eq(on_stack, r.raised ? (int)r.reason : ENV_R_NONE);
    return (int)r.reason;
}

static int parse(const char *text)
{
    env_state_free(state);
    state = env_state_new();
    return told(env_state_parse(named_context->errors, "a state",
                                (struct env_span){(const uint8_t *)text, strlen(text)}, state));
}

static int read_path(const char *path)
{
    struct env_state *fresh = NULL;
    int why = told(env_state_read(named_context->errors, path, &fresh));

    if (why == ENV_R_NONE) {
        env_state_free(state);
        state = fresh;
    }
    return why;
}

static void tear_down(void)
{
    env_state_free(state);
    state = NULL;
    named_tear_down();
}

START_TEST(each_line_takes_something_away)
{
    ck_assert_int_eq(parse("# a comment\n\n  disabled-key = orders@3  archive\t\n"
                           "disabled-key=tenant-7\r\n"
                           "revoked-stand-in = 00112233445566FF\n"
                           "disabled-kek = a%20b pkcs11:object=x;id=%01\ndisabled-kek = 0a:1b\n"
                           "open-only-kek = old"),
                     ENV_R_NONE);
    ck_assert(env_state_disables_key(state, "orders", 3));
    ck_assert(!env_state_disables_key(state, "orders", 2));
    ck_assert(env_state_disables_key(state, "archive", 1));
    ck_assert(env_state_disables_key(state, "archive", 77));
    ck_assert(env_state_disables_key(state, "tenant-7", 1));
    ck_assert(!env_state_disables_key(state, "tenant-70", 1));
    ck_assert(env_state_revokes(state, (const uint8_t *)"\x00\x11\x22\x33\x44\x55\x66\xFF"));
    ck_assert(!env_state_revokes(state, (const uint8_t *)"\x00\x11\x22\x33\x44\x55\x66\xFE"));
    ck_assert_str_eq(env_state_disabled_keks(state), "a%20b pkcs11:object=x;id=%01 0a:1b");
    ck_assert_str_eq(env_state_open_only_keks(state), "old");
}
END_TEST

START_TEST(nothing_takes_nothing_away)
{
    static const char *const texts[] = {"", "\n", "# x", " \t\r\n#\n"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ck_assert_int_eq(parse(texts[i]), ENV_R_NONE);
        ck_assert(!env_state_disables_key(state, "orders", 1));
        ck_assert(!env_state_revokes(state, (const uint8_t *)"12345678"));
        ck_assert_ptr_null(env_state_disabled_keks(state));
        ck_assert_ptr_null(env_state_open_only_keks(state));
    }
    ck_assert(!env_state_disables_key(NULL, "orders", 1));
    ck_assert(!env_state_revokes(NULL, (const uint8_t *)"12345678"));
}
END_TEST

START_TEST(what_is_no_such_line_is_an_error)
{
    static const char *const texts[] = {
        "disabled-key",
        "disabled-key =",
        "disabled-key = ab",
        "disabled-key = orders@0",
        "disabled-key = orders orders@x",
        "disable-key = orders",
        "= orders",
        "revoked-stand-in = 0011",
        "revoked-stand-in = 00112233445566778899",
        "revoked-stand-in = 001122334455667g",
        "allow-key = orders",
        "disabled-kek orders",
        "disabled-kek = a\nx",
        "disabled-kek = \xFF",
    };
    char longer[5000];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_int_eq(parse(texts[i]), ENV_R_STATE_FILE);
    memset(longer, 'a', sizeof(longer) - 1);
    memcpy(longer, "disabled-kek = ", 15);
    longer[sizeof(longer) - 1] = '\0';
    ck_assert_int_eq(parse(longer), ENV_R_STATE_FILE);
    env_state_free(state);
    state = env_state_new();
    ck_assert_int_eq(told(env_state_parse(named_context->errors, "a state",
                                          (struct env_span){(const uint8_t *)"#\0", 2}, state)),
                     ENV_R_STATE_FILE);
}
END_TEST

START_TEST(states_that_say_the_same_are_the_same)
{
    struct env_state *other = env_state_new();
    static const char text[] = "disabled-key = orders\nrevoked-stand-in = 0011223344556677\n";

    ck_assert_int_eq(parse("disabled-key = orders\n# x\nrevoked-stand-in=0011223344556677"),
                     ENV_R_NONE);
    ck_assert(
        env_ok(env_state_parse(named_context->errors, "other",
                               (struct env_span){(const uint8_t *)text, sizeof(text) - 1}, other)));
    ck_assert(env_state_same(state, other));
    ck_assert_int_eq(parse("disabled-key = orders@1\nrevoked-stand-in=0011223344556677"),
                     ENV_R_NONE);
    ck_assert(!env_state_same(state, other));
    ck_assert_int_eq(parse("disabled-key = orders\nrevoked-stand-in=0011223344556677\n"
                           "open-only-kek = x"),
                     ENV_R_NONE);
    ck_assert(!env_state_same(state, other));
    ck_assert(!env_state_same(NULL, other));
    ck_assert(env_state_same(NULL, NULL));
    env_state_free(other);
}
END_TEST

static void put(const char *file, const char *text)
{
    struct bytes bytes = bytes_of(text, strlen(text));

    named_put_file(file, &bytes);
    bytes_free(&bytes);
}

START_TEST(a_folder_is_all_of_its_drop_ins)
{
    char path[TEMPORARY_PATH + 32];

    put("10-a.conf", "disabled-key = orders\n");
    put("20-b.conf", "disabled-key = archive\n");
    put("notes.txt", "this is no state\n");
    put(".hidden.conf", "this neither\n");
    ck_assert_int_eq(read_path(named_folder), ENV_R_NONE);
    ck_assert(env_state_disables_key(state, "orders", 1));
    ck_assert(env_state_disables_key(state, "archive", 1));
    (void)snprintf(path, sizeof(path), "%s/20-b.conf", named_folder);
    ck_assert_int_eq(read_path(path), ENV_R_NONE);
    ck_assert(!env_state_disables_key(state, "orders", 1));
    put("30-c.conf", "broken\n");
    ck_assert_int_eq(read_path(named_folder), ENV_R_STATE_FILE);
    named_put_file("30-c.conf", NULL);
    ck_assert_int_eq(chmod(path, 0666), 0);
    ck_assert_int_eq(read_path(named_folder), ENV_R_STATE_FILE);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_int_eq(chmod(named_folder, 0777), 0);
    ck_assert_int_eq(read_path(named_folder), ENV_R_STATE_FILE);
    ck_assert_int_eq(chmod(named_folder, 0700), 0);
    ck_assert_int_eq(read_path("/nonexistent/state"), ENV_R_STATE_FILE);
}
END_TEST

START_TEST(too_much_is_refused)
{
    struct bytes much = bytes_new(ENV_STATE_MAX + 1);

    memset(much.data, '\n', much.len);
    named_put_file("10.conf", &much);
    ck_assert_int_eq(read_path(named_folder), ENV_R_STATE_FILE);
    much.len--;
    named_put_file("10.conf", &much);
    ck_assert_int_eq(read_path(named_folder), ENV_R_NONE);
    put("20.conf", "\n");
    ck_assert_int_eq(read_path(named_folder), ENV_R_STATE_FILE);
    much.len++;
    bytes_free(&much);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("state file");
    TCase *tcase = tcase_create("state file");

    tcase_add_checked_fixture(tcase, named_set_up, tear_down);
    tcase_add_test(tcase, each_line_takes_something_away);
    tcase_add_test(tcase, nothing_takes_nothing_away);
    tcase_add_test(tcase, what_is_no_such_line_is_an_error);
    tcase_add_test(tcase, states_that_say_the_same_are_the_same);
    tcase_add_test(tcase, a_folder_is_all_of_its_drop_ins);
    tcase_add_test(tcase, too_much_is_refused);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
