/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/attempt.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#define FIRST_WAIT 16 /* milliseconds; each wait is twice as long as the one before */
#define LAST_WAIT 256

/* ---- repairing a loss ---- */

static ENV_RESULT cure(struct env_token_set *token_set, enum env_loss loss,
                       const struct env_blame *blame, uint64_t seen_epoch,
                       struct env_error_detail *detail)
{
    struct env_module *only = blame->token != NULL ? blame->token->module : blame->module;

    switch (loss) {
    case ENV_LOSS_SESSION:
        if (blame->token != NULL)
            env_sessions_renew(&blame->token->sessions, blame->token_epoch);
        return ENV_OK;
    case ENV_LOSS_SLOT:
    case ENV_LOSS_MODULE:
        return env_token_set_renew(token_set, loss, seen_epoch, only, detail);
    case ENV_LOSS_NONE:
    case ENV_LOSS_KEY: /* the attempt itself finds the key again */
        break;
    }
    return ENV_OK;
}

/*
 * True if something was repaired since the attempt that failed with *r, so that another is
 * worthwhile.
 */
static bool make_good(struct env_token_set *token_set, enum env_loss *cured,
                      const struct env_blame *blame, uint64_t seen_epoch, ENV_RESULT *r,
                      struct env_error_detail *detail)
{
    if (detail->loss == ENV_LOSS_NONE || *cured == ENV_LOSS_MODULE)
        return false;
    *cured = detail->loss > *cured ? detail->loss : (enum env_loss)(*cured + 1);
    detail->held_back = *cured > blame->most;
    if (detail->held_back)
        return false;
    *r = cure(token_set, *cured, blame, seen_epoch, detail);
    if (!env_ok(*r) && *cured == ENV_LOSS_SLOT) { /* no slot has a token any more */
        *cured = ENV_LOSS_MODULE;
        *r = cure(token_set, *cured, &(struct env_blame){0}, token_set->tokens->epoch, detail);
    }
    return env_ok(*r);
}

/* ---- waiting for a failure to pass ---- */

/* A half-written token file (env_ckr_half_written), or no token at all, may pass. */
static bool may_pass(const struct env_error_detail *detail)
{
    return !detail->held_back && /* otherwise another token stands in at once */
           (detail->reason == ENV_R_NO_TOKEN ||
            (env_ckr_half_written(detail->rv) && detail->loss == ENV_LOSS_MODULE));
}

static void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* The next wait in milliseconds; 0 if waiting did not help a moment ago. */
static long first_wait(struct env_token_set *token_set)
{
    return env_token_set_waited_in_vain(token_set) ? 0 : FIRST_WAIT;
}

/* True if it waited, so that the failure may have passed. */
static bool wait_to_pass(struct env_token_set *token_set, long *wait,
                         const struct env_error_detail *detail)
{
    if (*wait == 0 || !may_pass(detail))
        return false;
    if (*wait > LAST_WAIT) {
        env_token_set_note_vain_wait(token_set);
        return false;
    }
    sleep_ms(*wait);
    *wait *= 2;
    return true;
}

ENV_RESULT env_token_set_attempt(struct env_token_set *token_set, env_attempt_fn *attempt,
                                 void *arg, struct env_error_detail *detail)
{
    long wait = first_wait(token_set);
    struct env_visit visit;
    ENV_RESULT r;

    do {
        enum env_loss cured = ENV_LOSS_NONE;
        struct env_blame blame;
        uint64_t epoch;

        r = env_token_set_enter(token_set, &visit, detail);
        if (!env_ok(r))
            continue;
        do {
            blame = (struct env_blame){.most = ENV_LOSS_MODULE};
            epoch = token_set->tokens->epoch;
            r = attempt(token_set, arg, cured, &blame, detail);
        } while (!env_ok(r) && make_good(token_set, &cured, &blame, epoch, &r, detail));
        env_token_set_leave(&visit);
    } while (!env_ok(r) && wait_to_pass(token_set, &wait, detail));
    return r;
}
