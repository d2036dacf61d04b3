/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often the audit log has a line of a refused named key. Whoever may hand key bytes in (an SQL
 * user) could write as many as he guesses. Of each kind the first ones of a minute have a line
 * each; the others are counted, and a line is written for all of them whenever as many have come as
 * had been told before, and at the minute's end. The counts of all lines are what there was.
 */
#ifndef ENVELOPE_REFUSALS_H
#define ENVELOPE_REFUSALS_H

#include <stdbool.h>

#include "envelope/base/error.h"
#include "envelope/format/named_key.h"

#define ENV_REFUSALS_EACH 10u     /* so many of a kind have lines of their own in a minute */
#define ENV_REFUSALS_MINUTE 60000 /* milliseconds */
#define ENV_REFUSALS_KINDS 64u    /* kinds counted separately; others are counted by reason */
#define ENV_REFUSALS_REASONS 8u   /* more than there are */

/*
 * A kind: a reason and the key that is refused. KEY_UNKNOWN is one whatever was asked for, since
 * that is the caller's to choose.
 */
struct env_refusal_kind {
    enum env_reason reason; /* NONE: the place is free */
    char named_key[ENV_NAMED_FULL_NAME];
    int64_t since;   /* when its minute began */
    uint64_t count;  /* in this minute */
    uint64_t untold; /* of these, those for which no line stands yet */
};

/* Zeroed at the beginning, then with its user's lock. */
struct env_refusals {
    uint64_t process; /* whose counts these are: a child begins anew */
    struct env_refusal_kind kinds[ENV_REFUSALS_KINDS + ENV_REFUSALS_REASONS];
};

/* A line that is to be written. */
struct env_refusal_line {
    enum env_reason reason;
    char named_key[ENV_NAMED_FULL_NAME]; /* "": of no one key */
    uint64_t count;                      /* so many refusals; 1: it is the one that was noted */
};

/*
 * Counts one, at a time (env_clock_ms), of a key or NULL. What is to be written now is put into
 * lines, and how many these are is returned: none, a line for this one or for several up to this
 * one, or before that the rest of a minute that is over.
 */
size_t env_refusals_note(struct env_refusals *refusals, enum env_reason reason,
                         const char *named_key, int64_t now, struct env_refusal_line lines[2]);

/* The rest of a minute that is over, of one kind; false: there is none. */
bool env_refusals_rest(struct env_refusals *refusals, int64_t now, struct env_refusal_line *line);

#endif
