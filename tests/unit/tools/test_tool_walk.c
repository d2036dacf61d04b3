/* SPDX-License-Identifier: Apache-2.0 */
/* Walking trees: always the same order, no link followed, nothing blocks. Workers keep the order.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "caller.h"
#include "temporary.h"
#include "tools/common/walk.h"
#include "tools/common/workers.h"

#define LINK_OPERAND                                                                               \
    "a symbolic link, which is not followed: name its target, or put a slash after a link to a "   \
    "directory"

static char top[TEMPORARY_PATH];
static char seen[4096];
static size_t stop_after;
static struct tool_entry kept;

static void set_up(void)
{
    temporary_directory(top);
    ck_assert_int_eq(chdir(top), 0);
    seen[0] = '\0';
    stop_after = SIZE_MAX;
    memset(&kept, 0, sizeof(kept));
}

static void tear_down(void)
{
    char command[2 * sizeof(top) + 64];

    tool_entry_clear(&kept);
    ck_assert_int_eq(chdir("/"), 0);
    (void)snprintf(command, sizeof(command), "chmod -R u+rwx %s && rm -rf %s", top, top);
    ck_assert_int_eq(system(command), 0);
}

static void make(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    (void)close(fd);
}

static void make_dir(const char *path)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

/* "f path size" for a file, "o path: what" for something else, "x path: why" for a failure */
static bool take(void *arg, struct tool_entry *entry)
{
    size_t used = strlen(seen);

    ck_assert_ptr_eq(arg, seen);
    if (entry->found == TOOL_FOUND_FILE)
        (void)snprintf(seen + used, sizeof(seen) - used, "f %s %llu\n", entry->path,
                       (unsigned long long)entry->size);
    else
        (void)snprintf(seen + used, sizeof(seen) - used, "%c %s: %s\n",
                       entry->found == TOOL_FOUND_OTHER ? 'o' : 'x', entry->path, entry->what);
    if (entry->found == TOOL_FOUND_FILE && kept.name == NULL)
        kept = *entry;
    else
        tool_entry_clear(entry);
    return stop_after-- > 0;
}

static void walk_gives(const char *operand, const char *wanted)
{
    seen[0] = '\0';
    ck_assert(tool_walk(operand, take, seen));
    ck_assert_str_eq(seen, wanted);
}

START_TEST(files_come_in_order_of_their_names)
{
    make_dir("t");
    make_dir("t/b");
    make("t/c", "ccc");
    make("t/a", "");
    make("t/b/2", "22");
    make("t/b/10", "1");
    make("t/B", "B");
    make("t/.hidden", "h");
    walk_gives("t", "f t/.hidden 1\nf t/B 1\nf t/a 0\nf t/b/10 1\nf t/b/2 2\nf t/c 3\n");
    walk_gives("t/b//", "f t/b//10 1\nf t/b//2 2\n");
}
END_TEST

START_TEST(operands_may_be_files_and_relative_paths)
{
    char absolute[sizeof(top) + 8];
    char wanted[sizeof(absolute) + 8];

    make_dir("t");
    make("t/a", "a");
    walk_gives("t/a", "f t/a 1\n");
    ck_assert_int_eq(chdir("t"), 0);
    walk_gives("a", "f a 1\n");
    walk_gives(".", "f ./a 1\n");
    walk_gives("..", "f ../t/a 1\n");
    (void)snprintf(absolute, sizeof(absolute), "%s/t/a", top);
    (void)snprintf(wanted, sizeof(wanted), "f %s 1\n", absolute);
    walk_gives(absolute, wanted);
    walk_gives("nothing", "x nothing: No such file or directory\n");
    walk_gives("nowhere/nothing", "x nowhere/nothing: No such file or directory\n");
    walk_gives("a/b", "x a/b: Not a directory\n");
    walk_gives("", "x : No such file or directory\n");
}
END_TEST

START_TEST(links_and_special_files_are_passed_over)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "t/socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    make_dir("t");
    make("outside", "o");
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(fd);
    ck_assert_int_eq(mkfifo("t/fifo", 0600), 0);
    ck_assert_int_eq(symlink("../outside", "t/link"), 0);
    ck_assert_int_eq(symlink("..", "t/up"), 0);
    ck_assert_int_eq(symlink("self", "t/self"), 0);
    walk_gives("t", "o t/fifo: a FIFO\n"
                    "o t/link: a symbolic link, which is not followed\n"
                    "o t/self: a symbolic link, which is not followed\n"
                    "o t/socket: a socket\n"
                    "o t/up: a symbolic link, which is not followed\n");
    /* as an operand it is a failure to look at something */
    walk_gives("t/link", "x t/link: " LINK_OPERAND "\n");
    walk_gives("t/up", "x t/up: " LINK_OPERAND "\n");
    walk_gives("t/fifo", "x t/fifo: a FIFO, which is skipped\n");
    walk_gives("t/socket", "x t/socket: a socket, which is skipped\n");
    walk_gives("/dev/null", "x /dev/null: a device, which is skipped\n");
    /* with a slash behind it a link is the directory that it leads to, as everywhere */
    make_dir("u");
    make("u/f", "f");
    ck_assert_int_eq(symlink("u", "v"), 0);
    walk_gives("v/", "f v/f 1\n");
    walk_gives("v//", "f v//f 1\n");
    walk_gives("./v/", "f ./v/f 1\n");
    walk_gives("t/link/", "x t/link/: Not a directory\n");
    walk_gives("u/f/", "x u/f/: Not a directory\n");
    walk_gives("t/self/", "x t/self/: Too many levels of symbolic links\n");
    /* on the way to an operand links are the caller's own choice */
    walk_gives("t/up/outside", "f t/up/outside 1\n");
}
END_TEST

START_TEST(a_closed_directory_is_reported)
{
    make_dir("t");
    make_dir("t/closed");
    make("t/open", "o");
    ck_assert_int_eq(chmod("t/closed", 0), 0);
    if (geteuid() == 0) {
        ck_assert_int_eq(chmod(top, 0755), 0);
        ck_assert_int_eq(chmod("t", 0755), 0);
        ck_assert_int_eq(seteuid(65534), 0); /* each test is a process of its own */
    }
    walk_gives("t", "x t/closed: Permission denied\nf t/open 1\n");
    if (geteuid() == 65534)
        ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(a_walk_can_be_ended)
{
    make_dir("t");
    make("t/a", "");
    make("t/b", "");
    stop_after = 0;
    ck_assert(!tool_walk("t", take, seen));
    ck_assert_str_eq(seen, "f t/a 0\n");
}
END_TEST

START_TEST(a_tree_is_walked_to_its_greatest_depth)
{
    char path[1024] = "d";
    char expected[4096];
    size_t len;

    make_dir("d");
    for (size_t i = 1; i < TOOL_WALK_DEPTH; i++) {
        strcat(path, "/d");
        make_dir(path);
    }
    len = strlen(path);
    strcat(path, "/f");
    make(path, "deep");
    (void)snprintf(expected, sizeof(expected), "f %s 4\n", path);
    ck_assert(tool_walk("d", take, seen));
    ck_assert_str_eq(seen, expected);

    /* one level more is reported without its contents; what follows is still found */
    path[len] = '\0';
    strcat(path, "/a");
    make_dir(path);
    strcat(path, "/f");
    make(path, "too deep");
    path[len] = '\0';
    (void)snprintf(expected, sizeof(expected), "x %s/a: a directory nested too deeply\nf %s/f 4\n",
                   path, path);
    seen[0] = '\0';
    ck_assert(tool_walk("d", take, seen));
    ck_assert_str_eq(seen, expected);
}
END_TEST

/* A file that has become something else since it was found is not opened. */
START_TEST(a_file_that_was_exchanged_is_not_opened)
{
    const char *why = NULL;
    int fd;

    make_dir("t");
    make("t/a", "abc");
    make("outside", "o");
    walk_gives("t", "f t/a 3\n");
    fd = tool_entry_open(&kept, O_RDONLY, &why);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    /* another directory of that name takes its place: the entry's stays */
    ck_assert_int_eq(rename("t", "moved"), 0);
    fd = tool_entry_open(&kept, O_RDWR, &why);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    ck_assert_int_eq(unlink("moved/a"), 0);
    ck_assert_int_eq(symlink("../outside", "moved/a"), 0);
    ck_assert_int_eq(tool_entry_open(&kept, O_RDONLY, &why), -1);
    ck_assert_str_eq(why, "a symbolic link, which is not followed");
    ck_assert_int_eq(unlink("moved/a"), 0);
    ck_assert_int_eq(mkfifo("moved/a", 0600), 0);
    ck_assert_int_eq(tool_entry_open(&kept, O_RDONLY, &why), -1);
    ck_assert_str_eq(why, "a FIFO");
    ck_assert_int_eq(unlink("moved/a"), 0);
    ck_assert_int_eq(tool_entry_open(&kept, O_RDONLY, &why), -1);
    ck_assert_str_eq(why, "No such file or directory");
}
END_TEST

/* ---- workers ---- */

#define JOBS 5000u

static _Atomic unsigned began;
static _Atomic unsigned ended_count;
static _Atomic unsigned working;
static unsigned delivered;
static unsigned jobs[JOBS];

static void *worker_begin(void *arg)
{
    ck_assert_ptr_eq(arg, jobs);
    (void)atomic_fetch_add(&began, 1);
    return &began;
}

static void worker_end(void *arg, void *mine)
{
    ck_assert_ptr_eq(arg, jobs);
    ck_assert_ptr_eq(mine, &began);
    (void)atomic_fetch_add(&ended_count, 1);
}

static void worker_work(void *arg, void *mine, void *job)
{
    unsigned *number = job;

    ck_assert_ptr_eq(arg, jobs);
    ck_assert_ptr_eq(mine, &began);
    (void)atomic_fetch_add(&working, 1);
    if (*number % 7 == 0)
        (void)usleep(*number % 300);
    *number += JOBS;
}

static void worker_deliver(void *arg, void *job)
{
    const unsigned *number = job;

    ck_assert_ptr_eq(arg, jobs);
    ck_assert_uint_eq(*number, delivered + JOBS);
    delivered++;
}

START_TEST(workers_keep_the_order)
{
    static const struct tool_workers_ops ops = {worker_begin, worker_end, worker_work,
                                                worker_deliver};
    const unsigned counts[] = {1, 2, 4, 16};
    const unsigned count = counts[_i];
    struct tool_workers *workers = tool_workers_new(count, &ops, jobs);

    ck_assert_ptr_nonnull(workers);
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i] = i;
        tool_workers_add(workers, &jobs[i]);
    }
    tool_workers_finish(workers);
    ck_assert_uint_eq(delivered, JOBS);
    ck_assert_uint_eq(working, JOBS);
    ck_assert_uint_eq(began, count);
    ck_assert_uint_eq(ended_count, count);
}
END_TEST

START_TEST(workers_without_work_end)
{
    static const struct tool_workers_ops ops = {NULL, NULL, worker_work, worker_deliver};
    struct tool_workers *workers = tool_workers_new(3, &ops, jobs);

    ck_assert_ptr_nonnull(workers);
    tool_workers_finish(workers);
    ck_assert_uint_eq(delivered, 0);
    ck_assert_uint_ge(tool_workers_default(), 1);
    ck_assert_uint_le(tool_workers_default(), 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tools: trees and workers");
    TCase *walking = tcase_create("walk");
    TCase *workers = tcase_create("workers");

    tcase_add_checked_fixture(walking, set_up, tear_down);
    tcase_add_test(walking, files_come_in_order_of_their_names);
    tcase_add_test(walking, operands_may_be_files_and_relative_paths);
    tcase_add_test(walking, links_and_special_files_are_passed_over);
    tcase_add_test(walking, a_closed_directory_is_reported);
    tcase_add_test(walking, a_walk_can_be_ended);
    tcase_add_test(walking, a_tree_is_walked_to_its_greatest_depth);
    tcase_add_test(walking, a_file_that_was_exchanged_is_not_opened);
    suite_add_tcase(suite, walking);
    tcase_set_timeout(workers, 100);
    tcase_add_loop_test(workers, workers_keep_the_order, 0, 4);
    tcase_add_test(workers, workers_without_work_end);
    suite_add_tcase(suite, workers);
    return caller_run(suite);
}
