/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <check.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool succeeded(pid_t child)
{
    int status = -1;

    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
        WEXITSTATUS(status) == 0)
        return true;
    (void)fprintf(stderr, "a child ended with status %d\n", status);
    return false;
}

bool in_child(int (*work)(void *arg), void *arg)
{
    pid_t child = fork();

    if (child == 0)
        _exit(work(arg));
    return succeeded(child);
}

bool in_raw_child(int (*work)(void *arg), void *arg)
{
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

    if (child == 0)
        _exit(work(arg));
    return succeeded(child);
}

unsigned watch_stops(int (*work)(void *arg), void (*look)(pid_t pid))
{
    pid_t child = fork();
    unsigned stops = 0;
    int status = 0;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(work(NULL));
    while (waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status)) {
        look(child);
        stops++;
        ck_assert_int_eq(kill(child, SIGCONT), 0);
    }
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed");
    return stops;
}
