/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call to the token takes seconds, or a token disappears and comes back, while other threads
 * work, fork and end the process.
 *
 *     token_block MODULE CNF
 */
#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envelope/base/reasons.h"
#include "operations.h"
#include "world.h"

#define LONG_MS 2000u
#define VERY_LONG_MS 60000u
#define THREADS 4u
/* How long an exit waits for a token at most (envelope/base/fork_gate.c): an idle process, and one
 * that used the processor meanwhile, as an idle one seems to do on a busy machine. */
#define END_SECONDS 3.0
#define END_SECONDS_BUSY 20.0
#define END_TRIES 4

static struct faulty_control *control;
static const char *cnf;
static OSSL_LIB_CTX *libctx;
static const struct operation *seal;
static const struct operation *open;

/* What the last error says besides its reason. */
static const char *last_data(void)
{
    const char *data = NULL;
    int flags = 0;

    (void)ERR_peek_last_error_data(&data, &flags);
    return data != NULL && (flags & ERR_TXT_STRING) != 0 ? data : "";
}

static void works(const char *when)
{
    if (seal->run(libctx) != OUTCOME_GOOD || open->run(libctx) != OUTCOME_GOOD)
        world_fail("it does not work %s", when);
}

/* A token that failed under many threads is asked again after 1, 2, 4 up to 30 seconds
 * (back_off.h). */
static void works_when_it_is_asked_again(const char *when)
{
    for (unsigned i = 0; i < 40; i++) {
        if (seal->run(libctx) == OUTCOME_GOOD)
            break;
        if (strstr(last_data(), "next attempt in") == NULL)
            break; /* that is another failure */
        ERR_clear_error();
        (void)sleep(1);
    }
    works(when);
}

/* ---- one call that takes long ---- */

static void *open_slowly(void *arg)
{
    enum outcome *outcome = arg;

    *outcome = open->run(libctx);
    return NULL;
}

/* Returns when the thread is inside the call. */
static pthread_t begin_to_block(enum faulty_call function, unsigned ms, enum outcome *outcome)
{
    pthread_t thread;

    control->block_once = true;
    control->block_function = function;
    control->block_ms = ms;
    if (pthread_create(&thread, NULL, open_slowly, outcome) != 0)
        world_fail("no thread");
    while (!control->blocking)
        (void)usleep(1000);
    return thread;
}

static void end_blocking(pthread_t thread, const enum outcome *outcome, const char *when)
{
    (void)pthread_join(thread, NULL);
    if (*outcome != OUTCOME_GOOD)
        world_fail("what took long failed, %s", when);
}

static void others_go_on(void)
{
    enum outcome outcome = OUTCOME_FAILED;
    pthread_t thread = begin_to_block(FAULTY_C_UnwrapKey, LONG_MS, &outcome);
    unsigned done = 0;

    for (; control->blocking; done++)
        works("while a call takes long");
    end_blocking(thread, &outcome, "others at work");
    if (done < 3)
        world_fail("only %u were done while a call took %u ms", done, LONG_MS);
}

/* A login is made once, and everybody waits for it. */
static void one_login(void)
{
    enum outcome outcome = OUTCOME_FAILED;
    pthread_t thread;
    unsigned before;

    control->drop_sessions = true;
    before = control->counts[FAULTY_C_Login];
    thread = begin_to_block(FAULTY_C_Login, LONG_MS, &outcome);
    works("while a login takes long");
    if (control->blocking)
        world_fail("it works without the login");
    end_blocking(thread, &outcome, "in its login");
    if (control->counts[FAULTY_C_Login] != before + 1)
        world_fail("%u logins", control->counts[FAULTY_C_Login] - before);
}

/* What needs a fresh start waits for the call, which is within the module. */
static void a_fresh_start_waits(void)
{
    enum outcome outcome = OUTCOME_FAILED;
    unsigned before = control->counts[FAULTY_C_Finalize];
    pthread_t thread = begin_to_block(FAULTY_C_UnwrapKey, LONG_MS, &outcome);

    control->kind = FAULTY_FAILS;
    control->function = FAULTY_C_WrapKey;
    control->code = CKR_CRYPTOKI_NOT_INITIALIZED;
    control->at = 1;
    control->mode = FAULTY_ONCE;
    works("when the module has to be started afresh meanwhile");
    if (control->blocking || control->counts[FAULTY_C_Finalize] != before + 1)
        world_fail("the fresh start did not wait");
    end_blocking(thread, &outcome, "and a fresh start waited");
}

static void wait_for(pid_t child, const char *what)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            world_fail("waitpid");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        world_fail("%s: status 0x%x", what, (unsigned)status);
}

/* The fork waits for the call; the child has a token that works at once, and the parent goes on. */
static void a_fork_waits(void)
{
    enum outcome outcome = OUTCOME_FAILED;
    pthread_t thread = begin_to_block(FAULTY_C_UnwrapKey, LONG_MS, &outcome);
    pid_t child = fork();

    if (child == 0) {
        (void)alarm(200);
        if (control->blocking)
            _exit(3);
        works("in a child");
        _exit(0);
    }
    works("after the fork");
    end_blocking(thread, &outcome, "and a fork waited");
    wait_for(child, "a child of a fork that waited");
}

/* In a child, since it ends. It reports when the call began: a busy machine takes long until then.
 */
static double exit_while_blocked(bool freed_first)
{
    int report[2];
    pid_t child;
    double start = 0;

    if (pipe(report) != 0)
        world_fail("no pipe");
    child = fork();
    if (child == 0) {
        enum outcome outcome;

        (void)alarm(200);
        works("in a child that will end");
        (void)begin_to_block(FAULTY_C_UnwrapKey, VERY_LONG_MS, &outcome);
        start = world_seconds();
        if (write(report[1], &start, sizeof(start)) != (ssize_t)sizeof(start))
            _exit(5);
        if (freed_first) {
            OSSL_LIB_CTX *other = world_new(cnf);

            if (open->run(other) != OUTCOME_GOOD)
                _exit(4);
            OSSL_LIB_CTX_free(other);
        }
        exit(0);
    }
    (void)close(report[1]);
    wait_for(child, "an exit while a call takes long");
    if (read(report[0], &start, sizeof(start)) != (ssize_t)sizeof(start))
        world_fail("the child did not report");
    (void)close(report[0]);
    return world_seconds() - start;
}

static void an_exit_does_not_wait_long(bool freed_first)
{
    for (unsigned i = 1;; i++) {
        double took = exit_while_blocked(freed_first);

        if (took < END_SECONDS + 2)
            return;
        if (took > END_SECONDS_BUSY + 5 || i == END_TRIES)
            world_fail("an exit took %.1f s", took);
    }
}

/* ---- a token that goes and comes ---- */

struct worker {
    atomic_uint good;
    atomic_uint refused;
    int odd; /* a reason that does not say that a token is gone */
};

static atomic_bool stop;

static void *work(void *arg)
{
    struct worker *worker = arg;

    while (!stop) {
        int reason;

        switch (open->run(libctx)) {
        case OUTCOME_GOOD:
            worker->good++;
            break;
        case OUTCOME_FAILED:
            worker->refused++;
            reason = world_reason();
            if (reason != ENV_R_NO_TOKEN && reason != ENV_R_TOKEN_FAILED &&
                reason != ENV_R_UNWRAP_FAILED && reason != ENV_R_KEK_NOT_FOUND)
                worker->odd = reason;
            break;
        case OUTCOME_WRONG:
            world_fail("wrong output");
        }
    }
    return NULL;
}

static void change(unsigned i)
{
    switch (i % 4) {
    case 0:
        control->forget = true;
        break;
    case 1:
        control->drop_sessions = true;
        break;
    case 2:
        control->absent = true;
        break;
    default:
        control->absent = false;
        break;
    }
}

struct sums {
    unsigned good;
    unsigned refused;
};

static struct sums sums_of(const struct worker workers[THREADS])
{
    struct sums sums = {0, 0};

    for (unsigned i = 0; i < THREADS; i++) {
        sums.good += workers[i].good;
        sums.refused += workers[i].refused;
    }
    return sums;
}

/* Waits for what happens rather than for a time, which says nothing on a busy machine: and a token
 * that failed is left alone for up to 30 s. */
static void wait_for_more(const struct worker workers[THREADS], bool good, const char *when)
{
    struct sums before = sums_of(workers);
    double start = world_seconds();

    for (;;) {
        struct sums now = sums_of(workers);

        if (good ? now.good > before.good + THREADS : now.refused > before.refused + THREADS)
            return;
        if (world_seconds() - start > 120)
            world_fail("nothing %s for two minutes, %s", good ? "worked" : "was refused", when);
        (void)usleep(1000);
    }
}

static void vanishing_under_load(void)
{
    struct worker workers[THREADS] = {{0}};
    pthread_t threads[THREADS];
    struct sums sums;

    stop = false;
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            world_fail("no thread");
    }
    wait_for_more(workers, true, "before the token goes");
    for (unsigned i = 0; i < 100; i++) {
        change(i);
        (void)usleep(20000);
    }
    control->absent = true;
    wait_for_more(workers, false, "while the token is away");
    control->absent = false;
    wait_for_more(workers, true, "when the token is back");
    stop = true;
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        if (workers[i].odd != 0)
            world_fail("reason %d while the token came and went", workers[i].odd);
    }
    works_when_it_is_asked_again("when the token is back");
    sums = sums_of(workers);
    printf("while the token came and went: %u good, %u refused\n", sums.good, sums.refused);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        world_fail("token_block MODULE CNF");
    control = world_begin(argv[1]);
    cnf = argv[2];
    seal = operation_named("seal");
    open = operation_named("open");
    libctx = world_new(cnf);
    operation_prepare(open, libctx);
    works("at first");
    others_go_on();
    one_login();
    a_fresh_start_waits();
    a_fork_waits();
    (void)fflush(stdout);
    an_exit_does_not_wait_long(false);
    an_exit_does_not_wait_long(true);
    vanishing_under_load();
    printf("%ld messages of all that open\n", operations_verify(libctx));
    operations_forget_all();
    OSSL_LIB_CTX_free(libctx);
    return 0;
}
