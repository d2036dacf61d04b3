/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/replica_failover.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 4             /* of wrapping with a key that changes under our hands */
#define LOST_FOR_MIN 2000   /* milliseconds */
#define LOST_FOR_TIMES 20   /* as long as the vain attempt took */
#define LOST_FOR_MAX 300000 /* milliseconds */

/* What came of the tries so far. */
struct tally {
    struct env_fault worst; /* reason ENV_R_NONE: none yet */
    struct env_fault last;
    char others[ENV_FAULT_TEXT / 2];
    bool not_authentic;
    bool held_back; /* more may be done for one of them */
    size_t members; /* that were there when they were gone through */
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1; /* never 0 */
}

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

static void note(struct tally *tally, const struct env_fault *fault)
{
    if (fault->reason == ENV_R_NOT_AUTHENTIC) {
        tally->not_authentic = true;
        return;
    }
    tally->held_back = tally->held_back || fault->held_back;
    if (tally->worst.reason != ENV_R_NONE &&
        gravity(fault->reason) <= gravity(tally->worst.reason)) {
        if (strcmp(fault->text, tally->worst.text) != 0)
            add_text(tally, fault->text);
        return;
    }
    if (tally->worst.reason != ENV_R_NONE)
        add_text(tally, tally->worst.text);
    tally->worst = *fault;
}

static void forget(struct tally *tally)
{
    tally->worst.reason = ENV_R_NONE;
    tally->others[0] = '\0';
    tally->not_authentic = false;
    tally->held_back = false;
}

static ENV_RESULT outcome(const struct tally *tally, struct env_fault *fault)
{
    const struct env_fault *worst = &tally->worst;

    if (tally->not_authentic)
        return env_fault(fault, ENV_R_NOT_AUTHENTIC, "%s", "");
    return env_fault(fault, worst->reason, "%.*s%.*s", (int)sizeof(worst->text) - 1, worst->text,
                     (int)sizeof(tally->others) - 1, tally->others);
}

/* ---- members ---- */

void env_standins_add(struct env_standins *group, const struct env_kek_matches *matches)
{
    (void)pthread_mutex_lock(&group->lock);
    for (size_t i = 0; i < matches->count; i++) {
        struct env_token_kek *kek = matches->keks[i];
        size_t count = atomic_load(&group->count);
        bool there = count == ENV_STANDINS_MAX;

        for (size_t j = 0; j < count && !there; j++)
            there = memcmp(&group->members[j].kek->token, &kek->token, sizeof(kek->token)) == 0;
        if (there)
            continue;
        kek->base.vtable->up_ref(&kek->base);
        group->members[count].kek = kek;
        (void)pthread_mutex_init(&group->members[count].proving, NULL);
        atomic_store(&group->count, count + 1);
    }
    (void)pthread_mutex_unlock(&group->lock);
}

/* Looks for members on the tokens that have none yet. */
static void search(struct env_standins *group, struct tally *tally)
{
    struct env_kek_matches *matches;
    struct env_token_kek *known[ENV_STANDINS_MAX];
    size_t count = atomic_load(&group->count);

    if (!env_ring_has_tokens(group->members[0].kek->ring) ||
        (matches = malloc(sizeof(*matches))) == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        known[i] = group->members[i].kek;
    if (!env_ok(env_search_standins(group->members[0].kek->ring, known, count, matches,
                                    &tally->last))) {
        note(tally, &tally->last);
    } else {
        if (matches->failed)
            note(tally, &matches->failure);
        env_standins_add(group, matches);
        atomic_store(&group->complete, matches->unsearched ? 0 : matches->epoch);
        env_kek_matches_clear(matches);
    }
    free(matches);
}

/* Where a token that could not be searched, or that came since, can have no member. */
static bool is_complete(struct env_standins *group)
{
    uint64_t complete = atomic_load(&group->complete);

    return complete != 0 && complete == env_ring_epoch(group->members[0].kek->ring);
}

/* How long it took says how soon it may be tried again: a dead token costs little of the time. */
static void put_off(_Atomic int64_t *until, int64_t since)
{
    int64_t now = now_ms();
    int64_t wait = LOST_FOR_TIMES * (now - since);

    if (wait < LOST_FOR_MIN)
        wait = LOST_FOR_MIN;
    atomic_store(until, now + (wait < LOST_FOR_MAX ? wait : LOST_FOR_MAX));
}

/* Takes the turn when the time has come; true also when it was not put off at all. */
static bool take_turn(_Atomic int64_t *until, int64_t now)
{
    int64_t then = atomic_load(until);

    return then == 0 ||
           (now >= then && atomic_compare_exchange_strong(until, &then, now + LOST_FOR_MAX));
}

/* True of a member that works, and to one caller of one that is due to be tried again. */
static bool is_due(struct env_standin *member, const struct env_standin_job *job)
{
    bool seals = job->use != ENV_STANDIN_OPENS;
    int64_t lost = atomic_load(&member->lost_until);
    int64_t refused = seals ? atomic_load(&member->refused_until) : 0;
    int64_t now;

    if (lost == 0 && refused == 0)
        return true;
    now = now_ms();
    return now >= lost && now >= refused && take_turn(&member->lost_until, now) &&
           (!seals || take_turn(&member->refused_until, now));
}

static void set_state(struct env_standin *member, const struct env_standin_job *job,
                      enum env_reason reason, int64_t since)
{
    bool seals = job->use != ENV_STANDIN_OPENS;

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
 * Wrapping may find the key anew, and then it is another perhaps: what was wrapped is thrown away
 * until the key was the same before and after.
 */
static ENV_RESULT run_proven(struct env_standins *group, struct env_standin *member,
                             const struct env_standin_job *job, enum env_patience patience,
                             struct env_fault *fault)
{
    for (unsigned i = 0; i < TRIES; i++) {
        ENV_TRY(
            env_standin_prove(group, member, job->use == ENV_STANDIN_SEALS_RAW, patience, fault));
        ENV_TRY(job->run(member->kek, job->arg, patience, fault));
        if (env_standin_is_proven(member))
            return ENV_OK;
    }
    return env_fault(fault, ENV_R_TOKEN_FAILED, "%s is lost again and again", member->kek->where);
}

static bool try_member(struct env_standins *group, size_t i, const struct env_standin_job *job,
                       enum env_patience patience, struct tally *tally)
{
    struct env_standin *member = &group->members[i];
    int64_t since = now_ms();
    ENV_RESULT r;

    if (atomic_load(&group->count) > 1 && job->use != ENV_STANDIN_OPENS)
        r = run_proven(group, member, job, patience, &tally->last);
    else
        r = job->run(member->kek, job->arg, patience, &tally->last);
    if (!env_ok(r))
        note(tally, &tally->last);
    if (env_kek_is_outdated(r, &tally->last))
        env_kek_forget_place(member->kek);
    set_state(member, job, r.reason, since);
    if (env_ok(r) && atomic_load(&group->used) != i)
        atomic_store(&group->used, i);
    return env_ok(r);
}

/* ---- one after the other ---- */

/* Those that are put off are passed over. */
static bool try_working(struct env_standins *group, const struct env_standin_job *job,
                        struct tally *tally)
{
    size_t count = atomic_load(&group->count);

    tally->members = count;
    for (size_t i = 0; i < count; i++) {
        struct env_standin *member = &group->members[i];
        enum env_patience patience = ENV_PATIENCE_QUICK;

        if (count == 1)
            patience = ENV_PATIENCE_IF_ALONE;
        else if (atomic_load(&member->lost_until) != 0)
            patience = ENV_PATIENCE_LAST;
        if (count > 1 && !is_due(member, job))
            tally->held_back = true;
        else if (try_member(group, i, job, patience, tally))
            return true;
    }
    return false;
}

/* Another thread may have found them meanwhile. */
static bool try_new(struct env_standins *group, const struct env_standin_job *job,
                    struct tally *tally)
{
    search(group, tally);
    while (tally->members < atomic_load(&group->count)) {
        if (try_member(group, tally->members++, job, ENV_PATIENCE_QUICK, tally))
            return true;
    }
    return false;
}

static bool try_hard(struct env_standins *group, const struct env_standin_job *job,
                     struct tally *tally)
{
    size_t count = atomic_load(&group->count);

    tally->members = count;
    for (size_t i = 0; i < count; i++) {
        if (try_member(group, i, job, count > 1 ? ENV_PATIENCE_LAST : ENV_PATIENCE_ALL, tally))
            return true;
    }
    return false;
}

static bool recover(struct env_standins *group, const struct env_standin_job *job,
                    struct tally *tally)
{
    if ((!tally->not_authentic || !is_complete(group)) && try_new(group, job, tally))
        return true;
    if (tally->not_authentic || !tally->held_back)
        return false;
    forget(tally); /* all are tried once more */
    return try_hard(group, job, tally) || try_new(group, job, tally);
}

ENV_RESULT env_standins_try(struct env_standins *group, const struct env_standin_job *job,
                            struct env_fault *fault)
{
    struct tally tally;

    forget(&tally);
    if (try_working(group, job, &tally) || recover(group, job, &tally))
        return ENV_OK;
    return outcome(&tally, fault);
}

ENV_RESULT env_standins_prove_all(struct env_standins *group, struct env_fault *fault)
{
    struct tally tally; /* what is wrong with some shows when none is left */

    forget(&tally);
    if (!is_complete(group))
        search(group, &tally);
    for (size_t i = 0; atomic_load(&group->count) > 1 && i < atomic_load(&group->count); i++) {
        if (env_standin_prove(group, &group->members[i], false, ENV_PATIENCE_QUICK, fault).reason ==
            ENV_R_KEK_DIFFERS)
            return ENV_FAIL(ENV_R_KEK_DIFFERS);
    }
    return ENV_OK;
}
