/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many threads on one token, which counts: one login, whatever they do, and one try of a wrong PIN.
 * Children that they have leave all that is theirs alone.
 *
 *     token_threads MODULE CNF CNF-WITH-A-WAIT-OF-1-SECOND CNF-WITH-A-WRONG-PIN
 *
 * THREAD_ROUNDS says how often each thread goes through its operations.
 */
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "envelope/base/reasons.h"
#include "operations.h"
#include "world.h"

#define THREADS 16u
#define LONG_AGO 60u /* seconds, for a child */

#ifdef __SANITIZE_ADDRESS__
#define ASAN 1 /* its allocator, in gcc 12, is left locked in the child of a threaded process */
#else
#define ASAN 0
#endif

static struct faulty_control *control;
static const char *cnf;
static OSSL_LIB_CTX *libctx;
static unsigned rounds = 3;

static unsigned count(enum faulty_call call)
{
    return atomic_load(&control->counts[call]);
}

static void forget_counts(void)
{
    for (unsigned i = 0; i < FAULTY_CALLS_COUNT; i++)
        atomic_store(&control->counts[i], 0);
}

static void counts_are(const char *when, unsigned starts, unsigned logins)
{
    if (count(FAULTY_C_Initialize) != starts || count(FAULTY_C_Login) != logins ||
        count(FAULTY_C_Finalize) != 0)
        world_fail("%s: %u C_Initialize, %u C_Login, %u C_Finalize; %u, %u and none expected", when,
                   count(FAULTY_C_Initialize), count(FAULTY_C_Login), count(FAULTY_C_Finalize),
                   starts, logins);
}

/* ---- threads that begin at once ---- */

struct worker {
    pthread_t thread;
    unsigned number;
    void (*work)(struct worker *worker);
    unsigned reasons[2]; /* of what failed */
};

static pthread_barrier_t barrier;

static void *begin(void *arg)
{
    struct worker *worker = arg;

    (void)pthread_barrier_wait(&barrier);
    worker->work(worker);
    return NULL;
}

static void all_at_once(struct worker workers[THREADS], void (*work)(struct worker *worker))
{
    (void)pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.number = i, .work = work};
        if (pthread_create(&workers[i].thread, NULL, begin, &workers[i]) != 0)
            world_fail("no thread");
    }
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(workers[i].thread, NULL);
    (void)pthread_barrier_destroy(&barrier);
}

static void must_work(const struct operation *operation)
{
    if (operation->run(libctx) != OUTCOME_GOOD)
        world_fail("%s does not work beside others", operation->name);
    if (ERR_peek_error() != 0)
        world_fail("%s leaves something on the error stack", operation->name);
}

static void seal_and_open(struct worker *worker)
{
    bool seal_first = worker->number % 2 == 0;

    must_work(operation_named(seal_first ? "seal" : "open"));
    must_work(operation_named(seal_first ? "open" : "seal"));
}

/* Each thread begins with another operation; keys are made elsewhere. */
static void do_everything(struct worker *worker)
{
    unsigned n = 0;

    for (const struct operation *o = operations; o < operations + OPERATIONS_AES; o++)
        n += o->makes_objects == 0;
    for (unsigned i = 0; i < n * rounds; i++)
        must_work(&operations[(i + worker->number) % n]);
}

/* One makes keys, and the others do not list them. */
static void do_everything_and_make_keys(struct worker *worker)
{
    if (worker->number > 0) {
        for (unsigned i = 0; i < rounds; i++) {
            for (const struct operation *o = operations; o < operations + OPERATIONS_AES; o++) {
                if (o->makes_objects == 0 && strcmp(o->name, "list") != 0)
                    must_work(o);
            }
        }
        return;
    }
    for (unsigned i = 0; i < rounds; i++) {
        must_work(operation_named("generate"));
        world_destroy_keys(OPERATION_NEW_KEY);
    }
}

/* limit: of the token's sessions, 0 for none. */
static void one_login(unsigned limit)
{
    struct worker workers[THREADS];
    char when[64];

    (void)snprintf(when, sizeof(when), "%u threads, at most %u sessions", THREADS, limit);
    libctx = world_new(cnf);
    control->session_limit = limit;
    control->sessions_most = 0;
    forget_counts();
    all_at_once(workers, seal_and_open);
    counts_are(when, 1, 1);
    all_at_once(workers, do_everything);
    counts_are(when, 1, 1);
    if (limit == 0) {
        all_at_once(workers, do_everything_and_make_keys);
        counts_are("beside new keys", 1, 1);
    } else if (control->sessions_most > limit) {
        world_fail("%s: %u sessions", when, control->sessions_most);
    }
    control->session_limit = 0;
    OSSL_LIB_CTX_free(libctx);
}

static void many_beginnings(void)
{
    struct worker workers[THREADS];

    for (unsigned i = 0; i < 5 * rounds; i++) {
        libctx = world_new(cnf);
        control->block_ms = i % 3; /* a slow token: more of them are inside at once */
        forget_counts();
        all_at_once(workers, seal_and_open);
        counts_are("threads that begin at once", 1, 1);
        control->block_ms = 0;
        OSSL_LIB_CTX_free(libctx);
    }
}

/* ---- children ---- */

static int be_child(void)
{
    (void)alarm(LONG_AGO);
    forget_counts();
    must_work(operation_named("open"));
    must_work(operation_named("seal"));
    counts_are("in a child", 1, 1);
    return 0;
}

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Returns how long the fork took. */
static double have_child(int (*work)(void))
{
    double start = seconds();
    double took;
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(work());
    took = seconds() - start;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        world_fail("a child ended with status 0x%x", (unsigned)status);
    return took;
}

/* The sessions, the login and the handles of the parent are as they were. */
static void children_leave_it_alone(void)
{
    libctx = world_new(cnf);
    must_work(operation_named("seal"));
    must_work(operation_named("open"));
    for (int i = 0; i < 5; i++) {
        forget_counts();
        (void)have_child(be_child);
        must_work(operation_named("open"));
        must_work(operation_named("seal"));
        counts_are("after a child", 0, 0);
        if (count(FAULTY_C_OpenSession) + count(FAULTY_C_CloseSession) +
                count(FAULTY_C_FindObjectsInit) >
            0)
            world_fail("after a child the parent had to begin anew");
    }
    OSSL_LIB_CTX_free(libctx);
}

static void *open_one(void *outcome)
{
    *(enum outcome *)outcome = operation_named("open")->run(libctx);
    ERR_clear_error();
    return NULL;
}

/* How long a fork takes while another thread opens a message, which fails or does not. */
static double fork_meanwhile(enum outcome expected)
{
    enum outcome outcome = OUTCOME_WRONG;
    unsigned before = control->total;
    pthread_t thread;
    double took;

    if (pthread_create(&thread, NULL, open_one, &outcome) != 0)
        world_fail("no thread");
    while (control->total == before)
        (void)usleep(1000);
    took = have_child(be_child);
    (void)pthread_join(thread, NULL);
    if (outcome != expected)
        world_fail("beside a fork: outcome %d", (int)outcome);
    return took;
}

static void forks_wait(const char *impatient)
{
    OSSL_LIB_CTX *other;
    double took;

    libctx = world_new(impatient);
    must_work(operation_named("open"));
    control->block_function = FAULTY_C_UnwrapKey;
    control->block_ms = 1500;
    took = fork_meanwhile(OUTCOME_GOOD);
    control->block_ms = 0;
    if (took < 1 || took > 20)
        world_fail("a fork beside a call of 1.5 s takes %.2f s", took);
    printf("a fork beside a call of 1.5 s: %.2f s\n", took);
    other = libctx;
    libctx = world_new(impatient); /* which finds no session: the other keeps the only one */
    control->session_limit = control->sessions;
    took = fork_meanwhile(OUTCOME_FAILED);
    control->session_limit = 0;
    if (took < 0.5 || took > 20)
        world_fail("a fork beside who waits for a session for a second takes %.2f s", took);
    printf("a fork beside who waits for a session for a second: %.2f s\n", took);
    OSSL_LIB_CTX_free(other);
    OSSL_LIB_CTX_free(libctx);
}

/* ---- a wrong PIN ---- */

static void fail_for_the_pin(struct worker *worker)
{
    unsigned long e;

    for (int i = 0; i < 2; i++) {
        if (operation_named(i == 0 ? "open" : "seal")->run(libctx) != OUTCOME_FAILED)
            world_fail("it works with a wrong PIN");
        while ((e = ERR_get_error()) != 0) {
            if (ERR_GET_LIB(e) >= ERR_LIB_USER)
                worker->reasons[i] = (unsigned)ERR_GET_REASON(e);
        }
    }
}

/* For good in this process: that of this token is not tried again. */
static void wrong_pin(const char *wrong)
{
    struct worker workers[THREADS];

    forget_counts();
    for (int i = 0; i < 2; i++) { /* in two library contexts */
        libctx = world_new(wrong);
        all_at_once(workers, fail_for_the_pin);
        for (unsigned k = 0; k < THREADS; k++) {
            if (workers[k].reasons[0] != ENV_R_PIN_WRONG ||
                workers[k].reasons[1] != ENV_R_PIN_WRONG)
                world_fail("a wrong PIN: reasons %u and %u", workers[k].reasons[0],
                           workers[k].reasons[1]);
        }
        OSSL_LIB_CTX_free(libctx);
        if (count(FAULTY_C_Login) != 1)
            world_fail("%u C_Login with a wrong PIN", count(FAULTY_C_Login));
    }
}

int main(int argc, char **argv)
{
    const char *given = getenv("THREAD_ROUNDS");

    if (argc != 5)
        world_fail("token_threads MODULE CNF CNF CNF");
    if (given != NULL)
        rounds = (unsigned)strtoul(given, NULL, 10);
    control = world_begin(argv[1]);
    cnf = argv[2];
    libctx = world_new(cnf);
    operations_prepare(libctx);
    OSSL_LIB_CTX_free(libctx);
    many_beginnings();
    one_login(0);
    one_login(3);
    one_login(1);
    children_leave_it_alone();
    if (!ASAN)
        forks_wait(argv[3]);
    libctx = world_new(cnf);
    printf("%ld pieces of all that were sealed open\n", operations_verify(libctx));
    operations_forget_all();
    OSSL_LIB_CTX_free(libctx);
    wrong_pin(argv[4]);
    return 0;
}
