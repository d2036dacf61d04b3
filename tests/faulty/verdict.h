/* SPDX-License-Identifier: Apache-2.0 */
/* One case: an operation with one fault in it, and what is demanded of it. */
#ifndef FAULTY_VERDICT_H
#define FAULTY_VERDICT_H

#include "operations.h"
#include "world.h"

struct test_case {
    const struct operation *operation;
    const char *place; /* "cold" or "warm" */
    unsigned at;       /* the n-th call */
    enum faulty_call function;
    enum faulty_kind kind;
    enum faulty_mode mode;
    CK_RV code;    /* where the call fails */
    unsigned away; /* where the token leaves */
};

/* What was counted so far. */
struct tally {
    unsigned long cases;
    unsigned long recovered; /* the operation succeeded anyway */
    unsigned long refused;   /* with one clear error */
    unsigned long bad;       /* demands that were not met; each is printed */
};

/* Which of the three sorts of kinds. */
bool verdict_is_failure(enum faulty_kind kind);
bool verdict_is_lie(enum faulty_kind kind);
bool verdict_is_loss(enum faulty_kind kind);

/*
 * Whether the lie is one that nobody can see through: other bytes of the right length, keys that
 * are not there.
 */
bool verdict_must_be_fooled(const struct test_case *c);

/* Whether a token is asked to be another than it is, where there are other tokens. */
bool verdict_lies_about_itself(const struct test_case *c);

/* Judges what came of the operation while the fault was there. Empties the error stack. */
void verdict_of_outcome(const struct test_case *c, enum outcome outcome, struct tally *tally);

/* And what is left when the fault is gone and the same was done again. */
void verdict_of_remains(const struct test_case *c, enum outcome again,
                        const struct faulty_control *control, struct tally *tally);

const char *faulty_call_name(enum faulty_call call);

#endif
