/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16 threads of a server whose token is lost, and slow to report it: one of them goes on asking,
 * the others are not held up; and all of them work again when it is back.
 *
 *     token_away MODULE CNF
 */
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "envelope/base/reasons.h"
#include "operations.h"
#include "world.h"

#define THREADS 16u
#define EACH 50u    /* operations of a thread */
#define SLOW 100u   /* milliseconds that the token takes to say that it is not there */
#define PATIENCE 90 /* seconds until everybody has found it again: it is asked every 30 */

static struct faulty_control *control;
static OSSL_LIB_CTX *libctx;
static const struct operation *open;
static pthread_barrier_t barrier;

struct worker {
    pthread_t thread;
    unsigned failed;
};

static void *fail_often(void *arg)
{
    struct worker *worker = arg;

    for (unsigned i = 0; i < EACH; i++) {
        int why;

        (void)pthread_barrier_wait(&barrier);
        if (open->run(libctx) != OUTCOME_FAILED)
            world_fail("it works without the token");
        why = world_reason();
        if (why != ENV_R_NO_TOKEN && why != ENV_R_TOKEN_FAILED)
            world_fail("without the token: reason %d", why);
        ERR_clear_error();
        worker->failed++;
    }
    return NULL;
}

static void *work_again(void *arg)
{
    struct worker *worker = arg;
    double until = world_seconds() + PATIENCE;

    while (open->run(libctx) != OUTCOME_GOOD) {
        worker->failed++;
        ERR_clear_error();
        if (world_seconds() > until)
            world_fail("it does not work when the token is back");
        (void)usleep(20000);
    }
    for (unsigned i = 0; i < EACH; i++) {
        if (open->run(libctx) != OUTCOME_GOOD)
            world_fail("it worked, and works no more");
    }
    return NULL;
}

static void all(void *(*work)(void *))
{
    struct worker workers[THREADS] = {{0}};

    (void)pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            world_fail("no thread");
    }
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(workers[i].thread, NULL);
    (void)pthread_barrier_destroy(&barrier);
}

/* The calls that took their time, made while THREADS * EACH operations failed. */
static unsigned slow_calls(void)
{
    unsigned before = atomic_load(&control->counts[FAULTY_C_GetSlotList]);

    all(fail_often);
    return atomic_load(&control->counts[FAULTY_C_GetSlotList]) - before;
}

static void token_is_away(void)
{
    double start = world_seconds();
    unsigned alone = atomic_load(&control->counts[FAULTY_C_GetSlotList]);
    unsigned first;
    unsigned later;

    control->absent = true;
    control->block_function = FAULTY_C_GetSlotList;
    control->block_ms = SLOW;
    if (open->run(libctx) != OUTCOME_FAILED)
        world_fail("it works without the token");
    ERR_clear_error();
    alone = atomic_load(&control->counts[FAULTY_C_GetSlotList]) - alone;
    first = slow_calls();
    later = slow_calls();
    printf("slow calls: %u of one operation alone, %u of %u operations, %u of as many (%.1f s)\n",
           alone, first, THREADS * EACH, later, world_seconds() - start);
    /* a turn after 1, 2 and 4 seconds, and few of them so soon; each thread once would be 16 */
    if (first + later > 8 * alone)
        world_fail("too many");
    control->absent = false;
    control->block_ms = 0;
    all(work_again);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        world_fail("token_away MODULE CNF");
    control = world_begin(argv[1]);
    open = operation_named("open");
    libctx = world_new(argv[2]);
    operation_prepare(open, libctx);
    if (open->run(libctx) != OUTCOME_GOOD)
        world_fail("it does not work at all");
    token_is_away();
    operations_forget_all();
    OSSL_LIB_CTX_free(libctx);
    return 0;
}
