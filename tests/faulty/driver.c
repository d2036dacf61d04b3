/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every operation with every call to the token failing in turn.
 *
 *     token_faults fail|lie MODULE CNF [OPERATION]
 *
 * Each is run once without a fault, which tells the calls that it makes; then again for each call,
 * kind of fault and code: "cold" in a library context that has done nothing yet, and "warm" in one
 * that has. FAULTS_EVERY=N takes every N-th case (1: all), FAULTS_FIRST=M begins with the M-th.
 */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "verdict.h"

static const CK_RV codes[] = {
    CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,    CKR_DEVICE_ERROR,
    CKR_DEVICE_REMOVED,         CKR_TOKEN_NOT_PRESENT, CKR_USER_NOT_LOGGED_IN,
    CKR_SESSION_COUNT,          CKR_HOST_MEMORY,       CKR_CRYPTOKI_NOT_INITIALIZED,
    CKR_FUNCTION_FAILED,        CKR_BUFFER_TOO_SMALL,  CKR_KEY_HANDLE_INVALID,
    CKR_OBJECT_HANDLE_INVALID,  CKR_GENERAL_ERROR,
};
#define CODES (sizeof(codes) / sizeof(codes[0]))

static struct faulty_control *control;
static const char *cnf;
static struct tally tally;
static unsigned long every = 1;
static unsigned long number; /* of the case */

/* Keys that stay are written to the disk, which takes long: fewer of those cases. */
static bool is_sampled(const struct operation *operation)
{
    unsigned long n = operation->makes_key && every > 1 ? 5 * every : every;

    return number++ % n == 0;
}

static void forget_report(void)
{
    control->mode = FAULTY_NEVER;
    control->total = 0;
    control->hits = 0;
    control->lost_sessions = 0;
}

static void plan(const struct test_case *c)
{
    forget_report();
    control->function = FAULTY_ANY_CALL;
    control->kind = c->kind;
    control->code = c->code;
    control->at = c->at;
    control->mode = c->mode;
}

static void try_case(const struct test_case *c, OSSL_LIB_CTX *libctx)
{
    size_t sealed = operations_begin_case(number - 1);
    enum outcome outcome;

    ERR_clear_error();
    plan(c);
    outcome = c->operation->run(libctx);
    control->mode = FAULTY_NEVER;
    verdict_of_outcome(c, outcome, &tally);
    if (c->operation->makes_key) {
        world_destroy_keys(OPERATION_NEW_KEY);
    }
    ERR_clear_error();
    outcome = c->operation->run(libctx);
    verdict_of_remains(c, outcome, control, &tally);
    if (c->operation->makes_key)
        world_destroy_keys(OPERATION_NEW_KEY);
    if (verdict_must_be_fooled(c)) /* it may even have been told a wrong id, and remember it */
        operations_forget_since(sealed);
    if (control->lost_sessions > 0 || world_session_objects() > 0)
        control->drop_sessions = true; /* they would count in the next case */
}

static void try_cold(const struct test_case *c)
{
    OSSL_LIB_CTX *libctx = world_new(cnf);

    try_case(c, libctx);
    OSSL_LIB_CTX_free(libctx);
    if (control->sessions > 0)
        printf("BAD: %u sessions after the end\n", control->sessions), tally.bad++;
}

/* The calls of one operation, warm or cold. */
struct calls {
    unsigned count;
    unsigned char functions[FAULTY_TRACE_MAX];
};

static void record(const struct operation *operation, OSSL_LIB_CTX *libctx, struct calls *calls)
{
    forget_report();
    if (operation->run(libctx) != OUTCOME_GOOD)
        world_fail("%s does not work without faults either", operation->name);
    calls->count = control->total;
    for (unsigned i = 0; i < calls->count; i++)
        calls->functions[i] = control->trace[i];
    if (operation->makes_key)
        world_destroy_keys(OPERATION_NEW_KEY);
}

/* warm NULL: cold. */
static void try_kind(struct test_case c, OSSL_LIB_CTX *warm)
{
    if (!is_sampled(c.operation))
        return;
    if (getenv("FAULTS_VERBOSE") != NULL)
        printf("case %lu: %s %s call %u %s kind %d code 0x%lx mode %d\n", number - 1, c.place,
               c.operation->name, c.at, faulty_call_name(c.function), c.kind, c.code, c.mode),
            fflush(stdout);
    if (warm != NULL)
        try_case(&c, warm);
    else
        try_cold(&c);
}

static void try_failures(struct test_case c, OSSL_LIB_CTX *warm)
{
    for (c.mode = FAULTY_ONCE; c.mode <= FAULTY_ALL_FUNCTIONS; c.mode++) {
        for (c.kind = FAULTY_FAILS; c.kind <= FAULTY_FAILS_AFTER; c.kind++) {
            for (size_t i = 0; i < CODES; i++) {
                c.code = codes[i];
                try_kind(c, warm);
            }
        }
    }
}

static void try_lies(struct test_case c, OSSL_LIB_CTX *warm)
{
    for (c.mode = FAULTY_ONCE; c.mode <= FAULTY_SAME_FUNCTION; c.mode++) {
        for (c.kind = FAULTY_LENGTH_ZERO; c.kind < FAULTY_KINDS; c.kind++)
            try_kind(c, warm);
    }
}

static void try_all(const struct operation *operation, const struct calls *calls, bool lies,
                    OSSL_LIB_CTX *warm)
{
    struct test_case c = {.operation = operation, .place = warm != NULL ? "warm" : "cold"};

    for (c.at = 1; c.at <= calls->count; c.at++) {
        c.function = calls->functions[c.at - 1];
        if (lies)
            try_lies(c, warm);
        else
            try_failures(c, warm);
    }
}

static void try_operation(const struct operation *operation, bool lies)
{
    struct tally before = tally;
    time_t start = time(NULL);
    struct calls cold;
    struct calls warm;
    OSSL_LIB_CTX *libctx = world_new(cnf);

    record(operation, libctx, &cold);
    record(operation, libctx, &warm);
    try_all(operation, &warm, lies, libctx);
    OSSL_LIB_CTX_free(libctx);
    try_all(operation, &cold, lies, NULL);
    printf("%s: %u calls cold, %u warm; %lu cases: %lu succeeded, %lu refused; %ld s\n",
           operation->name, cold.count, warm.count, tally.cases - before.cases,
           tally.recovered - before.recovered, tally.refused - before.refused,
           (long)(time(NULL) - start));
    (void)fflush(stdout);
}

static void verify(void)
{
    OSSL_LIB_CTX *libctx;
    long opened;

    forget_report();
    libctx = world_new(cnf);
    opened = operations_verify(libctx);
    OSSL_LIB_CTX_free(libctx);
    printf("%ld pieces that were sealed under faults open without\n", opened);
}

int main(int argc, char **argv)
{
    const char *sample = getenv("FAULTS_EVERY");
    const char *first = getenv("FAULTS_FIRST");
    OSSL_LIB_CTX *libctx;

    if (argc < 4 || argc > 5)
        world_fail("token_faults fail|lie MODULE CNF [OPERATION]");
    control = world_begin(argv[2]);
    control->keep_module = true;
    cnf = argv[3];
    if (sample != NULL)
        every = strtoul(sample, NULL, 10);
    if (first != NULL)
        number = every - strtoul(first, NULL, 10) % every;
    libctx = world_new(cnf);
    operations_prepare(libctx);
    OSSL_LIB_CTX_free(libctx);
    for (const struct operation *o = operations; o->name != NULL; o++) {
        if (argc == 4 || strcmp(argv[4], o->name) == 0)
            try_operation(o, strcmp(argv[1], "lie") == 0);
    }
    verify();
    printf("%lu cases: %lu succeeded, %lu refused with one clear error; %lu demands not met\n",
           tally.cases, tally.recovered, tally.refused, tally.bad);
    return tally.bad == 0 && tally.cases > 0 ? 0 : 1;
}
