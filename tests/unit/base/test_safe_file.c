/* SPDX-License-Identifier: Apache-2.0 */
/* Who may change a trusted file: the file, its folder, the targets of links, and a shared log. */
#include "envelope/base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "envelope/base/log_sink.h"
#include "temporary.h"

#define NOBODY 65534u
#define STRANGERS 54321u /* a group that the process is not in */

static char directory[TEMPORARY_PATH];

static const char *in(const char *name)
{
    static char path[4][TEMPORARY_PATH + 64];
    static unsigned next;
    char *at = path[next++ % 4];

    (void)snprintf(at, sizeof(path[0]), "%s/%s", directory, name);
    return at;
}

static void make_file(const char *name, mode_t mode)
{
    int fd = open(in(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    ck_assert_int_eq(chmod(in(name), mode), 0);
}

static void set_up(void)
{
    temporary_directory(directory);
    ck_assert_int_eq(mkdir(in("folder"), 0700), 0);
    make_file("folder/file", 0600);
    ck_assert_int_eq(symlink("folder/file", in("link")), 0);
    ck_assert_int_eq(symlink("link", in("link-to-link")), 0);
}

static void tear_down(void)
{
    (void)chmod(in("folder"), 0700);
    (void)unlink(in("folder/file"));
    (void)unlink(in("folder/log"));
    (void)unlink(in("link"));
    (void)unlink(in("link-to-link"));
    ck_assert_int_eq(rmdir(in("folder")), 0);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* NULL: it opens. */
static void expect(const char *path, const char *wanted)
{
    const char *why = "untouched";
    struct stat st;
    int fd = env_safe_open(AT_FDCWD, path, &st, &why);

    if (wanted == NULL) {
        ck_assert_msg(fd >= 0, "%s: %s", path, why);
        ck_assert(S_ISREG(st.st_mode));
        (void)close(fd);
        return;
    }
    ck_assert_int_eq(fd, -1);
    ck_assert_str_eq(why, wanted);
}

static void expect_of_all(const char *wanted)
{
    expect(in("folder/file"), wanted);
    expect(in("link"), wanted);
    expect(in("link-to-link"), wanted);
}

START_TEST(the_modes_of_the_file_count_whatever_link_leads_to_it)
{
    expect_of_all(NULL);
    ck_assert_int_eq(chmod(in("folder/file"), 0644), 0);
    expect_of_all(NULL);
    ck_assert_int_eq(chmod(in("folder/file"), 0620), 0);
    expect_of_all("its group may write to it");
    ck_assert_int_eq(chmod(in("folder/file"), 0602), 0);
    expect_of_all("everyone may write to it");
}
END_TEST

START_TEST(so_do_those_of_the_folder_that_has_it)
{
    ck_assert_int_eq(chmod(in("folder"), 0770), 0);
    expect_of_all("its folder's group may write to it");
    ck_assert_int_eq(chmod(in("folder"), 0707), 0);
    expect_of_all("everyone may write to its folder");
    ck_assert_int_eq(chmod(in("folder"), 01777), 0); /* as Kubernetes mounts its volumes */
    expect_of_all(NULL);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
    expect(in("folder"), "it is not a regular file");
    expect(in("nothing"), "No such file or directory");
    ck_assert_int_eq(unlink(in("folder/file")), 0);
    expect(in("link"), "No such file or directory");
    ck_assert_int_eq(mkfifo(in("folder/file"), 0600), 0);
    expect(in("link"), "it is not a regular file");
}
END_TEST

/* Whoever else can give files away. */
START_TEST(another_users_files_and_folders_are_refused)
{
    if (geteuid() != 0) {
        const char *why = NULL;
        struct stat st = {.st_uid = geteuid() + 1, .st_mode = S_IFREG | 0600};
        int fd = open(directory, O_RDONLY | O_CLOEXEC);

        why = env_file_unsafe(fd, &st);
        ck_assert_str_eq(why, "it belongs to another user");
        (void)close(fd);
        return;
    }
    ck_assert_int_eq(chown(in("folder/file"), NOBODY, (gid_t)-1), 0);
    expect_of_all("it belongs to another user");
    ck_assert_int_eq(chown(in("folder/file"), 0, (gid_t)-1), 0);
    ck_assert_int_eq(chown(in("folder"), NOBODY, (gid_t)-1), 0);
    expect_of_all("its folder belongs to another user");
    ck_assert_int_eq(chmod(in("folder"), 01777), 0); /* its owner renames what is in it */
    expect_of_all("its folder belongs to another user");
}
END_TEST

/* ---- the audit log ---- */

static void expect_log(const char *wanted)
{
    char value[TEMPORARY_PATH + 80];
    char text[TEMPORARY_PATH + 200];
    char why[TEMPORARY_PATH + 200] = "";
    bool done;

    (void)snprintf(value, sizeof(value), "file:%s", in("folder/log"));
    done = env_audit_sink_write(value, "x\n", 2, why, sizeof(why));
    if (wanted == NULL) {
        ck_assert_msg(done, "%s", why);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s: %s", in("folder/log"), wanted);
    ck_assert(!done);
    ck_assert_str_eq(why, text);
}

START_TEST(a_log_that_others_may_write_to_is_not_written)
{
    struct stat st;

    expect_log(NULL);
    ck_assert(stat(in("folder/log"), &st) == 0 && (st.st_mode & 07777) == 0600);
    ck_assert_int_eq(chmod(in("folder/log"), 0602), 0);
    expect_log("everyone may write to it");
    ck_assert_int_eq(chmod(in("folder/log"), 0600), 0);
    ck_assert_int_eq(chmod(in("folder"), 0770), 0);
    expect_log("its folder's group may write to it");
    ck_assert_int_eq(chmod(in("folder"), 0777), 0);
    expect_log("everyone may write to its folder");
    ck_assert_int_eq(chmod(in("folder"), 01777), 0);
    expect_log(NULL);
    ck_assert(stat(in("folder/log"), &st) == 0 && st.st_size == 4); /* two lines, and no more */
    ck_assert_int_eq(unlink(in("folder/log")), 0);
    ck_assert_int_eq(chmod(in("folder"), 0777), 0);
    expect_log("everyone may write to its folder");
    ck_assert(stat(in("folder/log"), &st) != 0 && errno == ENOENT); /* nor was it made */
}
END_TEST

/* Two users of one KEK: each is a member of the log's group. */
START_TEST(a_log_is_shared_by_a_group_of_ones_own)
{
    make_file("folder/log", 0660);
    ck_assert_int_eq(chown(in("folder/log"), (uid_t)-1, getegid()), 0);
    expect_log(NULL);
    ck_assert_int_eq(chmod(in("folder/log"), 0662), 0);
    expect_log("everyone may write to it");
    if (geteuid() != 0)
        return; /* nobody else gives files to groups that he is not in */
    ck_assert_int_eq(chmod(in("folder/log"), 0660), 0);
    ck_assert_int_eq(chown(in("folder/log"), (uid_t)-1, STRANGERS), 0);
    expect_log("its group may write to it");
    ck_assert_int_eq(chown(in("folder/log"), NOBODY, getegid()), 0);
    expect_log("it belongs to another user");
}
END_TEST

/* What happens to a line from another user, in the log's group or not. */
static bool another_writes(gid_t group)
{
    pid_t pid = fork();
    int status = 1;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        char why[256];

        /* the folders above are not for everybody */
        if (chdir(in("folder")) != 0 || setgroups(1, &group) != 0 || setgid(NOBODY) != 0 ||
            setuid(NOBODY) != 0)
            _exit(2);
        _exit(env_audit_sink_write("file:/proc/self/cwd/log", "y\n", 2, why, sizeof(why)) ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 0;
}

START_TEST(two_users_share_a_log_of_roots)
{
    struct stat st;

    if (geteuid() != 0)
        return; /* nobody else becomes two users */
    ck_assert_int_eq(chmod(in("folder"), 0755), 0);
    make_file("folder/log", 0660);
    ck_assert_int_eq(chown(in("folder/log"), 0, STRANGERS), 0);
    ck_assert(another_writes(STRANGERS));
    ck_assert(!another_writes(STRANGERS + 1));
    ck_assert(stat(in("folder/log"), &st) == 0 && st.st_size == 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: files that nobody else may change");
    TCase *tcase = tcase_create("files");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_modes_of_the_file_count_whatever_link_leads_to_it);
    tcase_add_test(tcase, so_do_those_of_the_folder_that_has_it);
    tcase_add_test(tcase, what_is_no_file_is_refused);
    tcase_add_test(tcase, another_users_files_and_folders_are_refused);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("the audit log");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_log_that_others_may_write_to_is_not_written);
    tcase_add_test(tcase, a_log_is_shared_by_a_group_of_ones_own);
    tcase_add_test(tcase, two_users_share_a_log_of_roots);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
