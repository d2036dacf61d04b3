/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One long-running program, and what happens to its token meanwhile.
 *
 *     token_restart MODULE CNF CNF-WITH-A-WAIT-OF-1-SECOND
 */
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/reasons.h"
#include "operations.h"
#include "world.h"

#define THREADS 8u
#define ROUNDS 40u

static struct faulty_control *control;
static OSSL_LIB_CTX *libctx;
static const struct operation *seal;
static const struct operation *open;
static const struct operation *generate;

static void works(OSSL_LIB_CTX *with, const char *when)
{
    if (seal->run(with) != OUTCOME_GOOD || open->run(with) != OUTCOME_GOOD)
        world_fail("it does not work %s", when);
    if (ERR_peek_error() != 0)
        world_fail("it works %s, and says", when);
}

static void fails(const struct operation *operation, const char *when)
{
    int why;

    if (operation->run(libctx) != OUTCOME_FAILED)
        world_fail("%s works %s", operation->name, when);
    why = world_reason();
    if (why != ENV_R_NO_TOKEN && why != ENV_R_TOKEN_FAILED)
        world_fail("%s %s: reason %d", operation->name, when, why);
}

static void token_goes_and_comes(void)
{
    for (int i = 0; i < 20; i++) {
        control->absent = true;
        fails(seal, "without the token");
        fails(open, "without the token");
        control->absent = false;
        works(libctx, "when the token is back");
    }
}

static void sessions_are_dropped(void)
{
    for (int i = 0; i < 100; i++) {
        control->drop_sessions = true;
        works(libctx, "after the token dropped its sessions");
    }
}

static void module_forgets(void)
{
    for (int i = 0; i < 20; i++) {
        control->forget = true;
        works(libctx, "after the module forgot everything");
    }
}

/* p11-kit finalises a module for its last user only, and each of the two is not the last. */
static void module_forgets_two_users(const char *cnf)
{
    OSSL_LIB_CTX *second = world_new(cnf);

    works(second, "in a second library context");
    for (int i = 0; i < 20; i++) {
        control->forget = true;
        works(i % 2 == 0 ? libctx : second, "for one user after the module forgot everything");
        works(i % 2 == 0 ? second : libctx, "for the other user then");
    }
    OSSL_LIB_CTX_free(second);
    works(libctx, "after the other user went");
}

/* ---- limits ---- */

static void *use_token(void *arg)
{
    unsigned *failed = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        if (open->run(libctx) != OUTCOME_GOOD)
            ++*failed;
    }
    if (*failed > 0)
        ERR_print_errors_fp(stderr);
    return NULL;
}

static void limit_is_kept(unsigned limit)
{
    pthread_t threads[THREADS];
    unsigned failed[THREADS] = {0};

    control->drop_sessions = true;
    works(libctx, "before there is a limit");
    control->session_limit = limit;
    control->sessions_most = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, use_token, &failed[i]) != 0)
            world_fail("no thread");
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        if (failed[i] > 0)
            world_fail("%u failures with %u sessions", failed[i], limit);
    }
    if (generate->run(libctx) != OUTCOME_GOOD || world_keys(OPERATION_NEW_KEY) != 1)
        world_fail("no KEK can be made with %u sessions", limit);
    world_destroy_keys(OPERATION_NEW_KEY);
    if (control->sessions_most > limit)
        world_fail("%u sessions instead of %u", control->sessions_most, limit);
    control->session_limit = 0;
    works(libctx, "when there is no limit any more");
}

struct waiter {
    bool ok;
    int reason;
    double took;
};

static void *wait_for_token(void *arg)
{
    struct waiter *waiter = arg;
    double start = world_seconds();

    waiter->ok = open->run(libctx) == OUTCOME_GOOD;
    waiter->reason = world_reason();
    waiter->took = world_seconds() - start;
    return NULL;
}

/* One thread has the only session for 3 seconds; the others wait for 1. */
static void waiting_has_an_end(const char *cnf)
{
    OSSL_LIB_CTX *patient = libctx;
    pthread_t threads[4];
    struct waiter waiters[4];
    unsigned exhausted = 0;

    libctx = world_new(cnf);
    works(libctx, "with another wait");
    control->drop_sessions = true;
    works(libctx, "with another wait");
    control->session_limit = 1;
    control->block_function = FAULTY_C_UnwrapKey;
    control->block_ms = 3000;
    for (unsigned i = 0; i < 4; i++)
        (void)pthread_create(&threads[i], NULL, wait_for_token, &waiters[i]);
    for (unsigned i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
        if (waiters[i].ok)
            continue;
        exhausted++;
        if (waiters[i].reason != ENV_R_SESSIONS_EXHAUSTED || waiters[i].took < 0.9 ||
            waiters[i].took > 2.5)
            world_fail("a waiter: reason %d after %.1f s", waiters[i].reason, waiters[i].took);
    }
    if (exhausted != 3)
        world_fail("%u of 4 waited in vain", exhausted);
    control->block_ms = 0;
    control->session_limit = 0;
    works(libctx, "afterwards");
    OSSL_LIB_CTX_free(libctx);
    libctx = patient;
}

int main(int argc, char **argv)
{
    static const unsigned limits[] = {1, 2, 5};

    if (argc != 4)
        world_fail("token_restart MODULE CNF CNF");
    control = world_begin(argv[1]);
    seal = operation_named("seal");
    open = operation_named("open");
    generate = operation_named("generate");
    libctx = world_new(argv[2]);
    operation_prepare(open, libctx);
    token_goes_and_comes();
    sessions_are_dropped();
    module_forgets();
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        limit_is_kept(limits[i]);
    waiting_has_an_end(argv[3]);
    module_forgets_two_users(argv[2]);
    printf("%ld messages of all that open\n", operations_verify(libctx));
    operations_forget_all();
    OSSL_LIB_CTX_free(libctx);
    return 0;
}
