/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/replica_failover.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "envelope/base/clock.h"
#include "keymgmt/kek/replica_proof.h"

#define LOST_FOR_MIN 2000   /* milliseconds */
#define LOST_FOR_TIMES 20   /* times as long as the failed attempt took */
#define LOST_FOR_MAX 300000 /* milliseconds */

/* The passes over the members, in order. */
enum pass {
    WORKING, /* every member that is not on hold */
    FOUND,   /* members found since, by a search or by another thread */
    HARD,    /* every member once more, with every remedy */
    FOUND_AT_LAST,
};

/* The result of the attempts so far, and the next member to try. */
struct tally {
    struct env_error_detail worst; /* reason ENV_R_NONE: no failure yet */
    char others[ENV_ERROR_DETAIL_TEXT / 2];
    enum env_loss loss; /* the gravest so far */
    bool not_authentic;
    bool held_back; /* a stronger remedy is left for one of them */
    enum pass pass;
    size_t next; /* the next member to try */
    size_t end;  /* the number of members when the pass began */
};

/* ---- failures ---- */

enum gravity { NOT_FOUND = 1, FAILED, NOT_LOGGED_IN, REFUSED };

static enum gravity gravity(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_KEK_NOT_FOUND:
    case ENV_R_NO_TOKEN:
        return NOT_FOUND;
    case ENV_R_WRAP_FAILED:
    case ENV_R_UNWRAP_FAILED:
    case ENV_R_NO_MODULE:
    case ENV_R_TOKEN_FAILED:
    case ENV_R_SESSIONS_EXHAUSTED:
        return FAILED;
    case ENV_R_PIN_WRONG:
    case ENV_R_PIN_MISSING:
    case ENV_R_PIN_LOCKED:
    case ENV_R_PIN_FINAL_TRY:
    case ENV_R_CONFIG_PIN_SOURCE:
        return NOT_LOGGED_IN;
    default:
        return REFUSED;
    }
}

static void add_text(struct tally *tally, const char *text)
{
    size_t len = strlen(tally->others);
    size_t room = sizeof(tally->others) - len;

    if (strstr(tally->others, text) == NULL)
        (void)snprintf(tally->others + len, room, "; %.*s", (int)room, text);
}

static void note(struct tally *tally, const struct env_error_detail *detail)
{
    if (detail->reason == ENV_R_NOT_AUTHENTIC) {
        tally->not_authentic = true;
        return;
    }
    tally->held_back = tally->held_back || detail->held_back;
    if (detail->loss > tally->loss)
        tally->loss = detail->loss;
    if (tally->worst.reason != ENV_R_NONE &&
        gravity(detail->reason) <= gravity(tally->worst.reason)) {
        if (strcmp(detail->text, tally->worst.text) != 0)
            add_text(tally, detail->text);
        return;
    }
    if (tally->worst.reason != ENV_R_NONE)
        add_text(tally, tally->worst.text);
    tally->worst = *detail;
}

static void forget(struct tally *tally)
{
    tally->worst.reason = ENV_R_NONE;
    tally->others[0] = '\0';
    tally->loss = ENV_LOSS_NONE;
    tally->not_authentic = false;
    tally->held_back = false;
}

static ENV_RESULT outcome(const struct tally *tally, struct env_error_detail *detail)
{
    const struct env_error_detail *worst = &tally->worst;

    if (tally->not_authentic)
        return env_error_detail(detail, ENV_R_NOT_AUTHENTIC, "%s", "");
    (void)env_error_detail(detail, worst->reason, "%.*s%.*s", (int)sizeof(worst->text) - 1,
                           worst->text, (int)sizeof(tally->others) - 1, tally->others);
    detail->loss = tally->loss;
    detail->rv = worst->rv;
    return ENV_FAIL(worst->reason);
}

/* ---- one member ---- */

/*
 * The time that the attempt took decides how soon it is repeated, so that a dead token costs a
 * small share of the time.
 */
static void put_off(_Atomic int64_t *until, int64_t since)
{
    int64_t now = env_clock_ms();
    int64_t wait = LOST_FOR_TIMES * (now - since);

    if (wait < LOST_FOR_MIN)
        wait = LOST_FOR_MIN;
    atomic_store(until, now + (wait < LOST_FOR_MAX ? wait : LOST_FOR_MAX));
}

/* Claims the next attempt when the time has come. Also true if the member was not on hold. */
static bool take_turn(_Atomic int64_t *until, int64_t now)
{
    int64_t then = atomic_load(until);

    return then == 0 ||
           (now >= then && atomic_compare_exchange_strong(until, &then, now + LOST_FOR_MAX));
}

/* True for a member that works; for one that is due for a retry, true for one caller only. */
static bool is_due(struct env_replica *member, const struct env_kek_operation *operation)
{
    bool seals = operation->purpose != ENV_KEK_OPENS;
    int64_t lost = atomic_load(&member->lost_until);
    int64_t refused = seals ? atomic_load(&member->refused_until) : 0;
    int64_t now;

    if (lost == 0 && refused == 0)
        return true;
    now = env_clock_ms();
    return now >= lost && now >= refused && take_turn(&member->lost_until, now) &&
           (!seals || take_turn(&member->refused_until, now));
}

static void set_state(struct env_replica *member, const struct env_kek_operation *operation,
                      enum env_reason reason, int64_t since)
{
    bool seals = operation->purpose != ENV_KEK_OPENS;

    if (reason == ENV_R_NONE || reason == ENV_R_NOT_AUTHENTIC) {
        atomic_store(&member->lost_until, 0);
        if (seals)
            atomic_store(&member->refused_until, 0);
    } else if (gravity(reason) < REFUSED || (!seals && atomic_load(&member->lost_until) != 0)) {
        put_off(&member->lost_until, since);
    } else if (seals) {
        atomic_store(&member->lost_until, 0);
        put_off(&member->refused_until, since);
    }
}

/*
 * Wrapping may look the key up again and find a different one. The result is discarded until the
 * key was the same before and after.
 */
static ENV_RESULT run_proven(struct env_replica_group *group, struct env_replica *member,
                             struct env_kek_operation *operation)
{
    for (unsigned i = 0; i < ENV_REPLICA_TRIES; i++) {
        ENV_TRY(env_replica_prove(group, member, operation));
        ENV_TRY(operation->run(member->kek, operation));
        if (env_replica_is_proven(member))
            return ENV_OK;
    }
    return env_error_detail(operation->detail, ENV_R_TOKEN_FAILED, "%s keeps being lost",
                            member->kek->where);
}

/* Records the result of an attempt, for other threads and for the next operation. */
static void settle(struct env_replica_group *group, struct env_replica *member,
                   const struct env_kek_operation *operation, ENV_RESULT r, int64_t since)
{
    const size_t i = (size_t)(member - group->members);

    if (env_kek_is_outdated(r, operation->detail))
        env_kek_forget_place(member->kek);
    set_state(member, operation, r.reason, since);
    if (env_ok(r) && atomic_load(&group->used) != i)
        atomic_store(&group->used, i);
}

/* ---- one after the other ---- */

static void search(struct env_replica_group *group, const struct env_kek_operation *operation,
                   struct tally *tally)
{
    if (!env_replicas_search(group, operation->detail))
        note(tally, operation->detail);
}

/* False after the last pass. */
static bool next_pass(struct env_replica_group *group, const struct env_kek_operation *operation,
                      struct tally *tally)
{
    switch (tally->pass) {
    case WORKING:
        tally->pass = FOUND;
        if (!tally->not_authentic || !env_replicas_complete(group))
            search(group, operation, tally);
        return true;
    case FOUND:
        if (tally->not_authentic || !tally->held_back)
            return false;
        forget(tally);
        tally->pass = HARD;
        tally->next = 0;
        tally->end = atomic_load(&group->count);
        return true;
    case HARD:
        tally->pass = FOUND_AT_LAST;
        search(group, operation, tally);
        return true;
    case FOUND_AT_LAST:
    default:
        return false;
    }
}

/* Sets the patience for the member in this pass. False: the member is on hold. */
static bool take_patience(struct env_replica *member, const struct tally *tally,
                          struct env_kek_operation *operation)
{
    bool alone = tally->end == 1;

    switch (tally->pass) {
    case WORKING:
        operation->patience = alone                                   ? ENV_PATIENCE_IF_ALONE
                              : atomic_load(&member->lost_until) != 0 ? ENV_PATIENCE_LAST
                                                                      : ENV_PATIENCE_QUICK;
        return alone || is_due(member, operation);
    case HARD:
        operation->patience = alone ? ENV_PATIENCE_ALL : ENV_PATIENCE_LAST;
        return true;
    case FOUND:
    case FOUND_AT_LAST:
    default:
        operation->patience = ENV_PATIENCE_QUICK;
        return true;
    }
}

/* NULL when all members were tried. */
static struct env_replica *next_member(struct env_replica_group *group,
                                       struct env_kek_operation *operation, struct tally *tally)
{
    do {
        if (tally->pass == FOUND || tally->pass == FOUND_AT_LAST)
            tally->end = atomic_load(&group->count);
        while (tally->next < tally->end) {
            struct env_replica *member = &group->members[tally->next++];

            if (take_patience(member, tally, operation))
                return member;
            tally->held_back = true;
        }
    } while (next_pass(group, operation, tally));
    return NULL;
}

ENV_RESULT env_replicas_try(struct env_kek_head *head, struct env_kek_operation *operation)
{
    struct env_replica_group *group = (struct env_replica_group *)head;
    struct env_replica *member;
    struct tally tally;

    forget(&tally);
    tally.pass = WORKING;
    tally.next = 0;
    tally.end = atomic_load(&group->count);
    while ((member = next_member(group, operation, &tally)) != NULL) {
        bool proven = operation->purpose != ENV_KEK_OPENS && atomic_load(&group->count) > 1;
        int64_t since = env_clock_ms();
        ENV_RESULT r =
            proven ? run_proven(group, member, operation) : operation->run(member->kek, operation);

        settle(group, member, operation, r, since);
        if (env_ok(r))
            return r;
        note(&tally, operation->detail);
    }
    return outcome(&tally, operation->detail);
}
