/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs operations with every call to the token failing in turn.
 *
 *     token_faults fail|lie|vanish MODULE CNF OPERATION ...
 *
 * Each is run once without a fault, which records its calls; then again for each call,
 * kind of fault and code: "cold" in a library context that has done nothing yet, and "warm" in one
 * that has. What was sealed meanwhile is opened at the end, without faults. The environment:
 *
 *     FAULTS_EVERY=N         every N-th case (1: all)
 *     FAULTS_FIRST=M         beginning with the M-th
 *     FAULTS_TOKEN=LABEL     faults of this token alone; calls to others do not count
 *     FAULTS_HAVE_REPLICA=1  another token can do the same: whatever fails, it has to succeed
 *     FAULTS_OPTIONAL=1      sealing can go without the KEK on the token
 *     FAULTS_VERIFY=CNF ...  what was sealed has to open with each of these, instead of with CNF
 *     FAULTS_SPARE=LABEL     a new RSA key pair is a copy of this one, which is quicker
 *     FAULTS_KIND=N          faults of this kind alone (enum faulty_kind)
 *     FAULTS_VERBOSE=1       each case is printed before it is tried
 */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "verdict.h"

static const CK_RV codes[] = {
    CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,    CKR_DEVICE_ERROR,
    CKR_DEVICE_REMOVED,         CKR_TOKEN_NOT_PRESENT, CKR_USER_NOT_LOGGED_IN,
    CKR_SESSION_COUNT,          CKR_HOST_MEMORY,       CKR_CRYPTOKI_NOT_INITIALIZED,
    CKR_FUNCTION_FAILED,        CKR_BUFFER_TOO_SMALL,  CKR_KEY_HANDLE_INVALID,
    CKR_OBJECT_HANDLE_INVALID,  CKR_GENERAL_ERROR,
};
#define CODES (sizeof(codes) / sizeof(codes[0]))

/* For how many calls a token is away, this one included; 0: until the operation has ended. */
static const unsigned absences[] = {2, 5, 20, 0};

static struct faulty_control *control;
static const char *cnf;
static struct tally tally;
static unsigned long every = 1;
static unsigned long number; /* of the case */

/* Keys that stay are written to the disk, which takes long: fewer of those cases. */
static bool is_sampled(const struct operation *operation)
{
    unsigned long n = operation->makes_objects > 0 && every > 1 ? 5 * every : every;

    return number++ % n == 0;
}

static void forget_report(void)
{
    control->mode = FAULTY_NEVER;
    control->absent = false;
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
    control->away = c->away;
    control->at = c->at;
    control->mode = c->mode;
}

/*
 * Where there are other tokens, the one that failed may be left alone for a moment, and for five
 * seconds when it said that it was another. What a token said of its mechanisms it is asked again
 * when the key that was made by it is no use. That a named key did not open is remembered for a
 * second.
 */
static unsigned tries_after(const struct test_case *c)
{
    if (strcmp(c->operation->name, OPERATION_STOCK) == 0)
        return 40;
    if (getenv("FAULTS_TOKEN") != NULL)
        return verdict_lies_about_itself(c) ? 130 : 10;
    return verdict_is_lie(c->kind) &&
                   (c->function == FAULTY_C_GetMechanismInfo || c->mode == FAULTY_ALL_FUNCTIONS)
               ? 2
               : 1;
}

static enum outcome run_again(const struct test_case *c, OSSL_LIB_CTX *libctx)
{
    unsigned left = tries_after(c);
    enum outcome outcome = OUTCOME_FAILED;

    while (outcome == OUTCOME_FAILED && left-- > 0) {
        if (c->operation->makes_objects > 0)
            world_destroy_keys(OPERATION_NEW_KEY);
        ERR_clear_error();
        outcome = c->operation->run(libctx);
        if (outcome == OUTCOME_FAILED && left > 0)
            (void)usleep(50000);
    }
    return outcome;
}

static void try_case(const struct test_case *c, OSSL_LIB_CTX *libctx)
{
    size_t sealed = operations_begin_case(number - 1);
    enum outcome outcome;

    ERR_clear_error();
    plan(c);
    outcome = c->operation->run(libctx);
    control->mode = FAULTY_NEVER;
    control->absent = false;
    verdict_of_outcome(c, outcome, &tally);
    outcome = run_again(c, libctx);
    verdict_of_remains(c, outcome, control, &tally);
    if (c->operation->makes_objects > 0)
        world_destroy_keys(OPERATION_NEW_KEY);
    if (verdict_must_be_fooled(c)) /* it may even have received a wrong id, and remember it */
        operations_forget_since(sealed);
    if (control->lost_sessions > 0 || world_session_objects() > 0)
        control->drop_sessions = true; /* they would count in the next case */
}

/* Also "warm" if one token replaces another: the one that failed is left alone for a while.
 */
static void try_in_new(const struct test_case *c)
{
    OSSL_LIB_CTX *libctx = world_new(cnf);

    if (strcmp(c->place, "warm") == 0 && c->operation->run(libctx) != OUTCOME_GOOD)
        world_fail("%s does not work without faults either", c->operation->name);
    try_case(c, libctx);
    OSSL_LIB_CTX_free(libctx);
    if (control->sessions > 0 && !control->drop_sessions) /* or the next call drops them */
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
    if (calls->count > FAULTY_TRACE_MAX || (calls->count > 0 && operation->touches_no_token))
        world_fail("%s makes %u calls", operation->name, calls->count);
    for (unsigned i = 0; i < calls->count; i++)
        calls->functions[i] = control->trace[i];
    if (operation->makes_objects > 0)
        world_destroy_keys(OPERATION_NEW_KEY);
}

static bool is_wanted(enum faulty_kind kind)
{
    const char *only = getenv("FAULTS_KIND");

    return only == NULL || strtoul(only, NULL, 10) == (unsigned long)kind;
}

/* warm NULL: in a library context of its own. */
static void try_kind(struct test_case c, OSSL_LIB_CTX *warm)
{
    if (!is_wanted(c.kind) || !is_sampled(c.operation))
        return;
    if (getenv("FAULTS_VERBOSE") != NULL)
        printf("case %lu: %s %s call %u %s kind %d code 0x%lx mode %d away %u\n", number - 1,
               c.place, c.operation->name, c.at, faulty_call_name(c.function), c.kind, c.code,
               c.mode, c.away),
            fflush(stdout);
    if (warm != NULL)
        try_case(&c, warm);
    else
        try_in_new(&c);
}

static void try_failures(struct test_case c, OSSL_LIB_CTX *warm)
{
    for (c.mode = FAULTY_ONCE; c.mode <= FAULTY_ALL_FUNCTIONS; c.mode++) {
        for (c.kind = FAULTY_FAILS; verdict_is_failure(c.kind); c.kind++) {
            for (size_t i = 0; i < CODES; i++) {
                c.code = codes[i];
                try_kind(c, warm);
            }
        }
    }
}

static void try_lies(struct test_case c, OSSL_LIB_CTX *warm)
{
    for (c.mode = FAULTY_ONCE; c.mode <= FAULTY_ALL_FUNCTIONS; c.mode++) {
        for (c.kind = FAULTY_LENGTH_ZERO; verdict_is_lie(c.kind); c.kind++)
            try_kind(c, warm);
    }
}

static void try_losses(struct test_case c, OSSL_LIB_CTX *warm)
{
    c.mode = FAULTY_ONCE;
    for (c.kind = FAULTY_DROPS; c.kind < FAULTY_LEAVES; c.kind++)
        try_kind(c, warm);
    for (size_t i = 0; i < sizeof(absences) / sizeof(absences[0]); i++) {
        c.away = absences[i];
        try_kind(c, warm);
    }
}

static const struct {
    const char *name;
    void (*try)(struct test_case c, OSSL_LIB_CTX *warm);
} sorts[] = {
    {"fail", try_failures},
    {"lie", try_lies},
    {"vanish", try_losses},
};

static void try_all(struct test_case c, const struct calls *calls, const char *sort,
                    OSSL_LIB_CTX *warm)
{
    for (c.at = 1; c.at <= calls->count; c.at++) {
        c.function = calls->functions[c.at - 1];
        for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
            if (strcmp(sort, sorts[i].name) == 0)
                sorts[i].try(c, warm);
        }
    }
}

/* Every call would fail, and there is none. */
static void try_without_token(const struct operation *operation)
{
    const struct test_case c = {operation,
                                "without a token",
                                1,
                                FAULTY_ANY_CALL,
                                FAULTY_FAILS,
                                FAULTY_ALL_FUNCTIONS,
                                CKR_DEVICE_ERROR,
                                0};
    OSSL_LIB_CTX *libctx = world_new(cnf);

    plan(&c);
    if (operation->run(libctx) != OUTCOME_GOOD || control->total > 0)
        world_fail("%s needs the token", operation->name);
    tally.cases++;
    tally.recovered++;
    forget_report();
    OSSL_LIB_CTX_free(libctx);
}

static void try_operation(const struct operation *operation, const char *sort)
{
    struct tally before = tally;
    time_t start = time(NULL);
    struct calls cold;
    struct calls warm;
    OSSL_LIB_CTX *libctx;

    if (operation->touches_no_token)
        try_without_token(operation);
    libctx = world_new(cnf);
    operation_prepare(operation, libctx);
    OSSL_LIB_CTX_free(libctx);
    libctx = world_new(cnf);
    record(operation, libctx, &cold);
    /* a way to wrap that was tried in vain has cost its session, so that the key is found again
     * once */
    record(operation, libctx, &warm);
    record(operation, libctx, &warm);
    if (getenv("FAULTS_HAVE_REPLICA") != NULL) {
        OSSL_LIB_CTX_free(libctx);
        libctx = NULL;
    }
    try_all((struct test_case){.operation = operation, .place = "warm"}, &warm, sort, libctx);
    OSSL_LIB_CTX_free(libctx);
    try_all((struct test_case){.operation = operation, .place = "cold"}, &cold, sort, NULL);
    printf("%s: %u calls cold, %u warm; %lu cases: %lu succeeded, %lu refused; %ld s\n",
           operation->name, cold.count, warm.count, tally.cases - before.cases,
           tally.recovered - before.recovered, tally.refused - before.refused,
           (long)(time(NULL) - start));
    (void)fflush(stdout);
}

static void verify(void)
{
    const char *setting = getenv("FAULTS_VERIFY");
    char *files = strdup(setting != NULL ? setting : cnf);

    if (files == NULL)
        world_fail("no memory");
    forget_report();
    for (char *rest = files, *file; (file = strtok_r(rest, " ", &rest)) != NULL;) {
        OSSL_LIB_CTX *libctx = world_new(file);

        printf("%ld pieces that were sealed under faults open without (%s)\n",
               operations_verify(libctx), file);
        OSSL_LIB_CTX_free(libctx);
    }
    operations_forget_all();
    free(files);
}

/* A word of the environment that nobody reads would quietly take a demand away. */
static void check_environment(void)
{
    static const char *const words[] = {"EVERY",    "FIRST",  "TOKEN",      "HAVE_REPLICA",
                                        "OPTIONAL", "VERIFY", "SPARE",      "KIND",
                                        "VERBOSE",  "KEK",    "OLD_KEK",    "FILE",
                                        "ONLY",     "SHOW",   "OPERATIONS", "STAND_IN"};

    for (char **at = environ; *at != NULL; at++) {
        size_t len = strncmp(*at, "FAULTS_", 7) == 0 ? strcspn(*at + 7, "=") : 0;
        bool known = len == 0;

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            known = known || (strlen(words[i]) == len && strncmp(*at + 7, words[i], len) == 0);
        if (!known)
            world_fail("nothing reads %s", *at);
    }
}

int main(int argc, char **argv)
{
    const char *sample = getenv("FAULTS_EVERY");
    const char *first = getenv("FAULTS_FIRST");
    const char *token = getenv("FAULTS_TOKEN");
    const char *spare = getenv("FAULTS_SPARE");

    check_environment();
    if (argc < 5)
        world_fail("token_faults fail|lie|vanish MODULE CNF OPERATION ...");
    control = world_begin(argv[2]);
    control->keep_module = true;
    (void)snprintf(control->spare, sizeof(control->spare), "%s", spare != NULL ? spare : "");
    if (token != NULL)
        world_choose_token(token);
    cnf = argv[3];
    if (sample != NULL)
        every = strtoul(sample, NULL, 10);
    if (first != NULL)
        number = every - strtoul(first, NULL, 10) % every;
    for (int i = 4; i < argc; i++)
        try_operation(operation_named(argv[i]), argv[1]);
    verify();
    printf("%lu cases: %lu succeeded, %lu refused with one clear error; %lu demands not met\n",
           tally.cases, tally.recovered, tally.refused, tally.bad);
    return tally.bad == 0 && tally.cases > 0 ? 0 : 1;
}
