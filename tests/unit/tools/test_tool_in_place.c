/* SPDX-License-Identifier: Apache-2.0 */
/* A header change in place and its journal: sidecars of an interrupted run, and foreign files. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "tools/common/errors.h"
#include "tools/common/sidecar.h"
#include "tools/rotate/in_place.h"
#include "tools/rotate/journal.h"

#define HEADER_LEN 178u
#define BODY_LEN 5000u
#define FILE_LEN (HEADER_LEN + BODY_LEN)

static char directory[64];
static int dir;
static struct env_errors errors;
static struct tool_locked_file locked;
static uint8_t old_header[HEADER_LEN];
static uint8_t new_header[HEADER_LEN];
static uint8_t journal[2000];
static size_t journal_len;

/* A header by its beginning; which one shows in every byte that follows. */
static void make_header(uint8_t *header, uint8_t fill)
{
    static const uint8_t begin[] = {0x30, 0x81, HEADER_LEN - 3, 0x06, 0x0B, 0x2A, 0x86, 0x48,
                                    0x86, 0xF7, 0x0D,           0x01, 0x09, 0x10, 0x01, 0x17};

    memset(header, fill, HEADER_LEN);
    memcpy(header, begin, sizeof(begin));
}

/* What opens a header: only those whose byte is in this text. */
static ENV_RESULT opens(void *arg, struct env_span der)
{
    const char *wanted = arg;

    for (size_t i = 16; i < der.len; i++) {
        if (der.data[i] != der.data[16])
            return ENV_FAIL(ENV_R_NOT_AUTHENTIC);
    }
    return strchr(wanted, der.data[16]) != NULL ? ENV_OK : ENV_FAIL(ENV_R_KEK_NOT_HERE);
}

static void put_file(const char *name, const uint8_t *bytes, size_t len)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    ck_assert_int_eq(close(fd), 0);
}

static size_t get_file(const char *name, uint8_t *bytes, size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, bytes, size) : 0;

    if (fd >= 0)
        ck_assert_int_eq(close(fd), 0);
    return (size_t)len;
}

static void put_message(const uint8_t *header, uint8_t body)
{
    uint8_t bytes[FILE_LEN];

    memset(bytes, body, sizeof(bytes));
    memcpy(bytes, header, HEADER_LEN);
    put_file("file", bytes, sizeof(bytes));
}

static void put_journal(size_t len)
{
    put_file(".file.envelope-journal", journal, len);
}

static bool journal_there(void)
{
    return faccessat(dir, ".file.envelope-journal", F_OK, 0) == 0;
}

static void check_header(const uint8_t *header)
{
    uint8_t bytes[FILE_LEN + 1];

    ck_assert_uint_eq(get_file("file", bytes, sizeof(bytes)), FILE_LEN);
    ck_assert_mem_eq(bytes, header, HEADER_LEN);
}

static void open_target(void)
{
    ENV_RESULT r = tool_locked_file_open(&locked, TOOL_LOCKED_FILE_CHANGE);

    ck_assert_int_eq(r.reason, ENV_R_NONE);
}

static void set_up(void)
{
    (void)snprintf(directory, sizeof(directory), "%s", "in_place.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dir, 0);
    errors = tool_errors();
    locked = (struct tool_locked_file){.errors = &errors, .dir = dir, .name = "file", .fd = -1};
    make_header(old_header, 'o');
    make_header(new_header, 'n');
    put_message(old_header, 'b');
    open_target();
    ck_assert(env_ok(tool_journal_write(&locked, (struct env_span){old_header, HEADER_LEN},
                                        (struct env_span){new_header, HEADER_LEN})));
    tool_locked_file_close(&locked);
    journal_len = get_file(".file.envelope-journal", journal, sizeof(journal));
    ck_assert_uint_gt(journal_len, (size_t)2 * HEADER_LEN);
}

static void tear_down(void)
{
    tool_locked_file_close(&locked);
    (void)unlinkat(dir, "file", 0);
    (void)unlinkat(dir, ".file.envelope-journal", 0);
    (void)close(dir);
    ck_assert_int_eq(rmdir(directory), 0);
}

static int recover(const char *open_with)
{
    bool recovered = false;
    ENV_RESULT r;

    open_target();
    r = tool_in_place_recover(&locked, opens, (void *)open_with, &recovered);
    tool_locked_file_close(&locked);
    ck_assert_int_eq(recovered, r.reason == ENV_R_NONE);
    return (int)r.reason;
}

/* The first n bytes of the one, the rest of the other: what a torn write leaves. */
static void put_torn(size_t n)
{
    uint8_t torn[HEADER_LEN];

    memcpy(torn, old_header, sizeof(torn));
    memcpy(torn, new_header, n);
    put_message(torn, 'b');
}

START_TEST(a_torn_header_becomes_the_one_that_opens)
{
    for (size_t n = 17; n < HEADER_LEN; n += 9) {
        put_torn(n);
        put_journal(journal_len);
        ck_assert_int_eq(recover("on"), ENV_R_NONE);
        check_header(new_header);
        ck_assert(!journal_there());
        put_torn(n);
        put_journal(journal_len);
        ck_assert_int_eq(recover("o"), ENV_R_NONE);
        check_header(old_header);
        put_torn(n);
        put_journal(journal_len);
        ck_assert_int_eq(recover("x"), ENV_R_KEK_NOT_HERE);
        ck_assert(journal_there());
    }
}
END_TEST

/* Nobody can say that either header still opens, so a stale journal must not choose one. */
START_TEST(a_whole_header_stays)
{
    put_journal(journal_len);
    ck_assert_int_eq(recover("n"), ENV_R_NONE);
    check_header(old_header);
    ck_assert(!journal_there());
    put_message(new_header, 'b');
    put_journal(journal_len);
    ck_assert_int_eq(recover("o"), ENV_R_NONE);
    check_header(new_header);
    ck_assert(!journal_there());
}
END_TEST

START_TEST(an_incomplete_journal_goes_when_the_file_opens)
{
    for (size_t len = 0; len < journal_len; len += 5) {
        put_journal(len);
        ck_assert_int_eq(recover("o"), ENV_R_NONE);
        ck_assert(!journal_there());
        check_header(old_header);
    }
}
END_TEST

START_TEST(a_damaged_journal_is_never_used)
{
    put_torn(100);
    for (size_t i = 0; i < journal_len; i++) {
        journal[i] ^= 1;
        put_journal(journal_len);
        ck_assert_int_ne(recover("on"), ENV_R_NONE);
        ck_assert(journal_there());
        journal[i] ^= 1;
    }
    journal[journal_len] = 0;
    put_journal(journal_len + 1);
    ck_assert_int_ne(recover("on"), ENV_R_NONE);
    ck_assert(journal_there());
}
END_TEST

/* Another file has come under the name: its header, its body or its length is another. */
START_TEST(a_journal_of_another_file_is_left_alone)
{
    uint8_t other[HEADER_LEN];
    uint8_t longer[FILE_LEN + 1];

    put_journal(journal_len);
    make_header(other, 'x');
    put_message(other, 'b');
    ck_assert_int_eq(recover("onx"), ENV_R_FILE_UNSAFE);
    check_header(other);
    put_message(old_header, 'c');
    ck_assert_int_eq(recover("onx"), ENV_R_FILE_UNSAFE);
    memset(longer, 'b', sizeof(longer));
    memcpy(longer, old_header, HEADER_LEN);
    put_file("file", longer, sizeof(longer));
    ck_assert_int_eq(recover("onx"), ENV_R_FILE_UNSAFE);
    ck_assert(journal_there());
    /* renamed with the file: the name in it is another */
    put_message(old_header, 'b');
    ck_assert_int_eq(renameat(dir, "file", dir, "elsewhere"), 0);
    ck_assert_int_eq(renameat(dir, ".file.envelope-journal", dir, ".elsewhere.envelope-journal"),
                     0);
    locked.name = "elsewhere";
    ck_assert_int_eq(recover("onx"), ENV_R_FILE_UNSAFE);
    ck_assert_int_eq(unlinkat(dir, "elsewhere", 0), 0);
    ck_assert_int_eq(unlinkat(dir, ".elsewhere.envelope-journal", 0), 0);
}
END_TEST

START_TEST(what_is_no_file_is_no_journal)
{
    ck_assert_int_eq(unlinkat(dir, ".file.envelope-journal", 0), 0);
    ck_assert_int_eq(symlinkat("file", dir, ".file.envelope-journal"), 0);
    ck_assert_int_eq(recover("on"), ENV_R_FILE_FAILED);
    ck_assert_int_eq(unlinkat(dir, ".file.envelope-journal", 0), 0);
    ck_assert_int_eq(mkfifoat(dir, ".file.envelope-journal", 0600), 0);
    ck_assert_int_eq(recover("on"), ENV_R_FILE_UNSAFE);
    ck_assert_int_eq(unlinkat(dir, ".file.envelope-journal", 0), 0);
    put_journal(journal_len);
    ck_assert_int_eq(linkat(dir, ".file.envelope-journal", dir, "second", 0), 0);
    ck_assert_int_eq(recover("on"), ENV_R_FILE_UNSAFE);
    ck_assert_int_eq(unlinkat(dir, "second", 0), 0);
    ck_assert(journal_there());
}
END_TEST

/* What changes between opening the file and writing to it ends the change. */
START_TEST(a_file_changed_meanwhile_is_left_alone)
{
    const struct env_span old_span = {old_header, HEADER_LEN};
    const struct env_span new_span = {new_header, HEADER_LEN};
    uint8_t other[HEADER_LEN];

    ck_assert_int_eq(unlinkat(dir, ".file.envelope-journal", 0), 0);
    make_header(other, 'x');
    open_target();
    put_message(other, 'b');
    ck_assert_int_eq(tool_in_place_change(&locked, old_span, new_span).reason, ENV_R_FILE_CHANGED);
    check_header(other);
    tool_locked_file_close(&locked);
    /* another file under the name */
    put_message(old_header, 'b');
    open_target();
    ck_assert_int_eq(unlinkat(dir, "file", 0), 0);
    put_message(old_header, 'b');
    ck_assert_int_eq(tool_in_place_change(&locked, old_span, new_span).reason, ENV_R_FILE_CHANGED);
    check_header(old_header);
    tool_locked_file_close(&locked);
    ck_assert(!journal_there());
    open_target();
    ck_assert(env_ok(tool_in_place_change(&locked, old_span, new_span)));
    check_header(new_header);
    ck_assert(!journal_there());
}
END_TEST

START_TEST(sidecar_names_fit_and_are_told_apart)
{
    char name[NAME_MAX + 1];
    char longest[NAME_MAX + 1];

    memset(longest, 'x', NAME_MAX);
    longest[NAME_MAX] = '\0';
    for (size_t len = 1; len <= NAME_MAX; len++) {
        locked.name = longest + NAME_MAX - len;
        for (int kind = TOOL_SIDECAR_JOURNAL; kind <= TOOL_SIDECAR_NEW; kind++) {
            ck_assert(env_ok(tool_sidecar_name(&locked, (enum tool_sidecar)kind, name)));
            ck_assert_int_eq(tool_sidecar_kind(name), kind);
            ck_assert(!tool_sidecar_has_file(dir, name));
        }
    }
    put_file(longest, old_header, HEADER_LEN);
    ck_assert(tool_sidecar_has_file(dir, name));
    ck_assert_int_eq(unlinkat(dir, longest, 0), 0);
    ck_assert(tool_sidecar_has_file(dir, ".file.envelope-journal"));
    ck_assert(!tool_sidecar_has_file(dir, ".fil.envelope-journal"));
    ck_assert_int_eq(tool_sidecar_kind("file"), TOOL_SIDECAR_NONE);
    ck_assert_int_eq(tool_sidecar_kind(".envelope-journal"), TOOL_SIDECAR_NONE);
    ck_assert_int_eq(tool_sidecar_kind("a.envelope-journal"), TOOL_SIDECAR_NONE);
    ck_assert_int_eq(tool_sidecar_kind(".envelope-journal.0123"), TOOL_SIDECAR_NONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: changes in place and their journal");
    TCase *tests = tcase_create("in_place");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_torn_header_becomes_the_one_that_opens);
    tcase_add_test(tests, a_whole_header_stays);
    tcase_add_test(tests, an_incomplete_journal_goes_when_the_file_opens);
    tcase_add_test(tests, a_damaged_journal_is_never_used);
    tcase_add_test(tests, a_journal_of_another_file_is_left_alone);
    tcase_add_test(tests, what_is_no_file_is_no_journal);
    tcase_add_test(tests, a_file_changed_meanwhile_is_left_alone);
    tcase_add_test(tests, sidecar_names_fit_and_are_told_apart);
    suite_add_tcase(suite, tests);
    return caller_run(suite);
}
