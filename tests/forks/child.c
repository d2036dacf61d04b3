/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <execinfo.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "message.h"

#define CHILD_SECONDS 40u
#define LESS_SECONDS 8u /* so that the one that hangs is the first to say so */
#define THREADS_MAX 64u
#define FRAMES 40

static _Thread_local int self = -1;
static const char *volatile stages[THREADS_MAX];
static atomic_int threads;
static unsigned limit = CHILD_SECONDS;

/* Of this process and all that come from it; no lock, since a child could inherit it locked. */
static struct {
    atomic_uint forks;
    atomic_uint longest_us;
} * counts;

void child_at(const char *stage)
{
    if (self < 0)
        self = atomic_fetch_add(&threads, 1) % (int)THREADS_MAX;
    stages[self] = stage;
}

const char *child_stage(void)
{
    return self >= 0 && stages[self] != NULL ? stages[self] : "a thread";
}

static void put(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        _exit(9);
}

/* What every thread was at, and what this one is in. */
static void say_where(int sig)
{
    void *frames[FRAMES];

    (void)sig;
    put("HANGS:\n");
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        if (stages[i] != NULL) {
            put("  ");
            put(stages[i]);
            put("\n");
        }
    }
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
    _exit(8);
}

void *child_shared(size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        fail("mmap");
    return p;
}

void child_watch_parent(unsigned seconds)
{
    void *frame;

    counts = child_shared(sizeof(*counts));
    (void)backtrace(&frame, 1); /* the first time it loads a library */
    (void)signal(SIGALRM, say_where);
    (void)alarm(seconds);
}

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void note_fork(double took)
{
    unsigned us = (unsigned)(took * 1e3);
    unsigned seen = atomic_load(&counts->longest_us);

    (void)atomic_fetch_add(&counts->forks, 1);
    while (us > seen && !atomic_compare_exchange_weak(&counts->longest_us, &seen, us))
        continue;
}

unsigned child_forks(void)
{
    return atomic_load(&counts->forks);
}

double child_longest_fork(void)
{
    return atomic_load(&counts->longest_us) / 1e3;
}

/* The stages of the parent's other threads are not ours. */
static void begin_child(void)
{
    for (unsigned i = 0; i < THREADS_MAX; i++)
        stages[i] = NULL;
    child_at("a child, at its beginning");
    (void)alarm(limit);
    limit -= LESS_SECONDS;
}

static _Noreturn void end_child(enum child_end end)
{
    switch (end) {
    case CHILD_EXEC:
        child_at("a child, at exec");
        (void)execl("/proc/self/exe", "fork_load", "--after-exec", (char *)NULL);
        fail("exec");
    case CHILD_EXIT:
        child_at("a child, at exit");
        exit(0);
    case CHILD_UNDERSCORE_EXIT:
    case CHILD_ENDS:
    default:
        _exit(0);
    }
}

pid_t child_start(void (*work)(void *arg), void *arg, enum child_end end)
{
    const char *stage = child_stage();
    double start = now_ms();
    pid_t pid;

    child_at("fork");
    pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        begin_child();
        work(arg);
        end_child(end);
    }
    note_fork(now_ms() - start);
    child_at(stage);
    return pid;
}

pid_t child_start_program(bool spawn)
{
    char name[] = "fork_load";
    char how[] = "--after-exec";
    char *args[] = {name, how, NULL};
    double start = now_ms();
    pid_t pid = -1;

    if (spawn) {
        if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, args, environ) != 0)
            fail("posix_spawn");
    } else {
        pid = vfork();
        if (pid == 0) {
            (void)execv("/proc/self/exe", args);
            _exit(1);
        }
    }
    note_fork(now_ms() - start);
    return pid;
}

void child_wait(pid_t pid)
{
    const char *stage = child_stage();
    double until = now_ms() + (limit + LESS_SECONDS) * 1e3;
    int status = -1;

    child_at("waiting for a child");
    while (waitpid(pid, &status, WNOHANG) != pid) {
        if (now_ms() > until) {
            (void)kill(pid, SIGKILL);
            fail("a hanging child does not report where it hangs");
        }
        (void)usleep(1000);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "child %d ended with status 0x%x\n", (int)pid, (unsigned)status);
        fail("a child failed");
    }
    child_at(stage);
}
