/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits the lines about refused named keys in the audit log. Anyone who can pass key bytes (such
 * as an SQL user) could otherwise write as many lines as he likes. Of each kind, the first refusals
 * in a minute have a line each. The others are counted, with a line whenever their number doubles
 * and at the end of the minute. The counts in all lines add up to the number of refusals.
 */
#ifndef ENVELOPE_REFUSALS_H
#define ENVELOPE_REFUSALS_H

#include <stdbool.h>

#include "envelope/base/error.h"
#include "envelope/format/named_key.h"

#define ENV_REFUSALS_EACH 10u     /* refusals of a kind that get lines of their own in a minute */
#define ENV_REFUSALS_MINUTE 60000 /* milliseconds */
#define ENV_REFUSALS_KINDS 64u    /* kinds counted separately; others are counted by reason */
#define ENV_REFUSALS_REASONS 8u   /* more than exist */

/*
 * A kind is a reason and the key that was refused. KEY_UNKNOWN is one kind for all keys, because
 * the caller chooses the name.
 */
struct env_refusal_kind {
    enum env_reason reason; /* NONE: the place is free */
    char named_key[ENV_NAMED_FULL_NAME];
    int64_t since;   /* when its minute began */
    uint64_t count;  /* in its minute */
    uint64_t untold; /* of these, those without a line so far */
};

/* Initialise with zeros; then protected by its user's lock. */
struct env_refusals {
    uint64_t process; /* the process that counts: a child starts from zero */
    struct env_refusal_kind kinds[ENV_REFUSALS_KINDS + ENV_REFUSALS_REASONS];
};

/* A line to be written. */
struct env_refusal_line {
    enum env_reason reason;
    char named_key[ENV_NAMED_FULL_NAME]; /* "": not about one key */
    uint64_t count;                      /* number of refusals; 1: the one that was just noted */
};

/*
 * Counts a refusal of a key (or NULL) at a time (env_clock_ms). Writes to lines what is due now,
 * and returns their number: none, one line for this refusal or for several including this one, or
 * before that the rest of a minute that is over.
 */
size_t env_refusals_note(struct env_refusals *refusals, enum env_reason reason,
                         const char *named_key, int64_t now, struct env_refusal_line lines[2]);

/* What is left of a minute that is over, for one kind; false: nothing. */
bool env_refusals_rest(struct env_refusals *refusals, int64_t now, struct env_refusal_line *line);

#endif
