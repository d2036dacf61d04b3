/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies the body of a re-encrypted file behind its new header on a file system that does not
 * support copying, copies only a part, or fails. This program's copy_file_range replaces libc's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "temporary.h"
#include "tools/common/errors.h"
#include "tools/rotate/copy_rest.h"

#define PIECE (1024u * 1024u)
#define HOLE (256u * 1024u)

static struct env_errors errors;
static struct tool_locked_file locked;
static int out;
static struct bytes body;

/* What the next calls of copy_file_range do: some work, but for so many bytes at most; then all do
 * this. */
static unsigned working;
static size_t at_most;
static ssize_t then; /* an errno, negative, or 0 bytes */
static unsigned asked;
static bool cut; /* somebody cuts the file meanwhile */

ssize_t copy_file_range(int in, off_t *in_at, int to, off_t *to_at, size_t len, unsigned flags)
{
    asked++;
    if (cut)
        ck_assert_int_eq(ftruncate(in, PIECE + 7), 0);
    if (working > 0) {
        working--;
        return syscall(SYS_copy_file_range, in, in_at, to, to_at, len < at_most ? len : at_most,
                       flags);
    }
    if (then < 0)
        errno = (int)-then;
    if (then == -EINTR) { /* once */
        working = 1;
        at_most = SIZE_MAX;
    }
    return then < 0 ? -1 : 0;
}

static void set_up(void)
{
    errors = tool_errors();
    locked = (struct tool_locked_file){.errors = &errors, .dir = -1, .name = "file"};
    locked.fd = temporary_nameless_file();
    out = temporary_nameless_file();
    working = 0;
    at_most = SIZE_MAX;
    then = 0;
    asked = 0;
    cut = false;
}

static void tear_down(void)
{
    ck_assert_int_eq(close(locked.fd), 0);
    ck_assert_int_eq(close(out), 0);
    bytes_free(&body);
}

static void put_body(size_t len)
{
    body = bytes_plain(len, len);
    if (len > 2 * PIECE + 2 * HOLE) /* one in the middle, one from a piece's end on */
        memset(body.data + PIECE + HOLE, 0, 2 * HOLE);
    for (size_t at = 0; at < len; at += HOLE) {
        size_t n = len - at < HOLE ? len - at : HOLE;
        bool hole = at >= PIECE + HOLE && at < PIECE + 3 * HOLE && len > 2 * PIECE + 2 * HOLE;

        if (!hole)
            ck_assert_int_eq(pwrite(locked.fd, body.data + at, n, (off_t)at), (ssize_t)n);
    }
    ck_assert_int_eq(ftruncate(locked.fd, (off_t)len), 0);
    ck_assert_int_eq(fstat(locked.fd, &locked.seen), 0);
}

/* What is behind from in the file has to be behind to in the new one, and nothing behind that. */
static void copied(size_t from, size_t to)
{
    size_t len = body.len - from;
    struct bytes got = bytes_new(to + len + 1);

    ck_assert(env_ok(tool_copy_rest(&locked, (off_t)from, out, (off_t)to)));
    ck_assert_int_eq(pread(out, got.data, got.len, 0), (ssize_t)(to + len));
    ck_assert_mem_eq(got.data + to, body.data + from, len);
    bytes_free(&got);
    ck_assert_int_eq(ftruncate(out, 0), 0);
}

static const size_t lens[] = {101, PIECE - 1, PIECE + 100, PIECE + 101, 3 * PIECE + 7};

/* Errors that say that the kernel cannot, and a file system that says 0 for no reason. */
static const ssize_t can_not[] = {-EXDEV, -EINVAL, -ENOSYS, -EOPNOTSUPP, -EBADF, 0};

START_TEST(where_the_kernel_copies_nothing_bytes_are_copied_by_hand)
{
    put_body(lens[_i]);
    for (size_t i = 0; i < sizeof(can_not) / sizeof(can_not[0]); i++) {
        then = can_not[i];
        asked = 0;
        copied(100, 100);
        copied(100, 90);
        copied(100, 121);
        ck_assert_uint_ge(asked, 3);
    }
}
END_TEST

/* The kernel's part ends somewhere, and the rest begins there. */
START_TEST(where_the_kernel_stops_copying_goes_on_by_hand)
{
    put_body(lens[_i]);
    for (size_t i = 0; i < sizeof(can_not) / sizeof(can_not[0]); i++) {
        working = 2;
        at_most = body.len / 5 + 1;
        then = can_not[i];
        copied(100, 133);
    }
}
END_TEST

START_TEST(a_hole_at_the_end_is_kept)
{
    struct stat st;

    put_body(PIECE + 5);
    ck_assert_int_eq(ftruncate(locked.fd, 2 * PIECE), 0);
    ck_assert_int_eq(fstat(locked.fd, &locked.seen), 0);
    working = _i == 0 ? 1 : 0;
    ck_assert(env_ok(tool_copy_rest(&locked, 0, out, 9)));
    ck_assert_int_eq(fstat(out, &st), 0);
    ck_assert_int_eq(st.st_size, 2 * PIECE + 9);
}
END_TEST

START_TEST(an_interrupted_copy_goes_on)
{
    put_body(PIECE + 5);
    then = -EINTR;
    copied(0, 7);
    ck_assert_uint_eq(asked, 2);
}
END_TEST

static void fails_with(enum env_reason reason)
{
    ENV_RESULT r = tool_copy_rest(&locked, 0, out, 0);

    ck_assert_int_eq(r.reason, reason);
}

START_TEST(a_failing_copy_is_reported)
{
    put_body(PIECE + 5);
    working = 1;
    at_most = 1000;
    then = -EIO;
    fails_with(ENV_R_FILE_FAILED);
    ck_assert_uint_eq(asked, 2);
}
END_TEST

/* Not a file of the old length with zeros at its end. */
START_TEST(a_file_cut_meanwhile_is_reported)
{
    put_body(2 * PIECE + 5);
    then = _i == 0 ? 0 : -EXDEV;
    cut = true;
    fails_with(ENV_R_FILE_CHANGED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: copying the rest of a file");
    TCase *tcase = tcase_create("copies");
    int count = (int)(sizeof(lens) / sizeof(lens[0]));

    tcase_set_timeout(tcase, 100);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, where_the_kernel_copies_nothing_bytes_are_copied_by_hand, 0, count);
    tcase_add_loop_test(tcase, where_the_kernel_stops_copying_goes_on_by_hand, 0, count);
    tcase_add_loop_test(tcase, a_hole_at_the_end_is_kept, 0, 2);
    tcase_add_test(tcase, an_interrupted_copy_goes_on);
    tcase_add_test(tcase, a_failing_copy_is_reported);
    tcase_add_loop_test(tcase, a_file_cut_meanwhile_is_reported, 0, 2);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
