/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider is unloaded (its library context freed) while every call that this makes fails, lies
 * or takes long: it ends, and the next library context works as if nothing had been.
 *
 *     token_unload MODULE CNF
 */
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>

#include "operations.h"
#include "world.h"

#define THREADS 2u /* that have a session each */

static const CK_RV codes[] = {
    CKR_SESSION_HANDLE_INVALID,   CKR_SESSION_CLOSED,     CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED,
    CKR_TOKEN_NOT_PRESENT,        CKR_USER_NOT_LOGGED_IN, CKR_HOST_MEMORY,  CKR_FUNCTION_FAILED,
    CKR_CRYPTOKI_NOT_INITIALIZED, CKR_GENERAL_ERROR,
};
#define CODES (sizeof(codes) / sizeof(codes[0]))

static struct faulty_control *control;
static const char *cnf;
static const struct operation *seal;
static const struct operation *open;
static unsigned cases;

static void reset(void)
{
    control->mode = FAULTY_NEVER;
    control->absent = false;
    control->block_ms = 0;
    control->total = 0;
    control->hits = 0;
}

static void *use(void *libctx)
{
    if (open->run(libctx) != OUTCOME_GOOD)
        world_fail("a message does not open");
    return NULL;
}

static void use_at_once(OSSL_LIB_CTX *libctx, unsigned ms)
{
    pthread_t threads[THREADS];

    control->block_function = FAULTY_C_UnwrapKey;
    control->block_ms = ms;
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, use, libctx) != 0)
            world_fail("no thread");
    }
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
}

/* In use by several threads at once, so that there are several sessions to close. */
static OSSL_LIB_CTX *begin(void)
{
    OSSL_LIB_CTX *libctx = world_new(cnf);
    unsigned others = control->sessions;

    for (unsigned ms = 2; control->sessions < others + THREADS; ms *= 2) {
        if (ms > 5000)
            world_fail("%u sessions", control->sessions);
        use_at_once(libctx, ms);
    }
    reset();
    return libctx;
}

/* What the faults left open is the token's business; nothing else is there. */
static void works_afterwards(const char *what)
{
    OSSL_LIB_CTX *libctx;

    if (ERR_peek_error() != 0)
        world_fail("%s: words at the end", what);
    control->drop_sessions = true;
    libctx = world_new(cnf);
    if (seal->run(libctx) != OUTCOME_GOOD || open->run(libctx) != OUTCOME_GOOD)
        world_fail("%s: the next library context does not work", what);
    OSSL_LIB_CTX_free(libctx);
    if (control->sessions > 0)
        world_fail("%s: %u sessions after the end", what, control->sessions);
}

static void unload(const char *what, unsigned at, enum faulty_kind kind, enum faulty_mode mode,
                   CK_RV code)
{
    OSSL_LIB_CTX *libctx = begin();

    control->function = FAULTY_ANY_CALL;
    control->at = at;
    control->kind = kind;
    control->code = code;
    control->away = 0;
    control->mode = mode;
    OSSL_LIB_CTX_free(libctx);
    if (control->hits == 0)
        world_fail("%s at call %u never happened", what, at);
    reset();
    works_afterwards(what);
    control->forget = true; /* p11-kit leaves a module alone whose C_Finalize has failed */
    cases++;
}

static void each_fails(unsigned calls)
{
    for (unsigned at = 1; at <= calls; at++) {
        for (size_t i = 0; i < CODES; i++) {
            unload("a failure", at, FAULTY_FAILS, FAULTY_ONCE, codes[i]);
            unload("a failure and all after it", at, FAULTY_FAILS, FAULTY_ALL_FUNCTIONS, codes[i]);
            unload("a failure of what was done", at, FAULTY_FAILS_AFTER, FAULTY_ONCE, codes[i]);
        }
        unload("nothing done", at, FAULTY_UNWRITTEN, FAULTY_ALL_FUNCTIONS, CKR_OK);
        unload("lost sessions", at, FAULTY_DROPS, FAULTY_ONCE, CKR_OK);
        unload("a module that forgets", at, FAULTY_FORGETS, FAULTY_ONCE, CKR_OK);
        unload("a token that leaves", at, FAULTY_LEAVES, FAULTY_ONCE, CKR_OK);
    }
}

/* Every call takes half a second: freeing takes that long for each, and no longer. */
static void all_take_long(unsigned calls)
{
    OSSL_LIB_CTX *libctx = begin();
    double start = world_seconds();
    double took;

    control->block_function = FAULTY_ANY_CALL;
    control->block_ms = 500;
    OSSL_LIB_CTX_free(libctx);
    took = world_seconds() - start;
    reset();
    if (took < 0.5 || took > 0.5 * calls + 10)
        world_fail("it took %.1f s", took);
    works_afterwards("calls that take long");
    cases++;
}

/* One of two users of the module goes, and takes with it what it can; the other goes on. */
static void beside_another(unsigned calls)
{
    OSSL_LIB_CTX *stays = world_new(cnf);

    if (open->run(stays) != OUTCOME_GOOD)
        world_fail("the other user cannot begin");
    for (unsigned at = 1; at < calls; at++) { /* the last one, C_Finalize, is not made then */
        for (size_t i = 0; i < CODES; i++) {
            OSSL_LIB_CTX *goes = begin();

            control->function = FAULTY_ANY_CALL;
            control->at = at;
            control->kind = FAULTY_FAILS;
            control->code = codes[i];
            control->mode = FAULTY_ALL_FUNCTIONS;
            OSSL_LIB_CTX_free(goes);
            reset();
            if (ERR_peek_error() != 0 || open->run(stays) != OUTCOME_GOOD)
                world_fail("the other user cannot go on after code 0x%lx", codes[i]);
            cases++;
        }
    }
    OSSL_LIB_CTX_free(stays);
    works_afterwards("two users");
}

int main(int argc, char **argv)
{
    OSSL_LIB_CTX *libctx;
    unsigned calls;

    if (argc != 3)
        world_fail("token_unload MODULE CNF");
    control = world_begin(argv[1]);
    cnf = argv[2];
    seal = operation_named("seal");
    open = operation_named("open");
    libctx = world_new(cnf);
    operation_prepare(open, libctx);
    OSSL_LIB_CTX_free(libctx);
    libctx = begin();
    OSSL_LIB_CTX_free(libctx);
    calls = control->total;
    if (calls < 2 || control->trace[calls - 1] != FAULTY_C_Finalize)
        world_fail("freeing makes %u calls, and the last is not C_Finalize", calls);
    each_fails(calls);
    all_take_long(calls);
    beside_another(calls);
    libctx = world_new(cnf);
    printf("%u ends of %u calls; %ld messages open\n", cases, calls, operations_verify(libctx));
    OSSL_LIB_CTX_free(libctx);
    operations_forget_all();
    return 0;
}
