/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps threads from all asking a token that is away, with every remedy each time. One thread asks
 * again after 1 second, then 2, 4 and so on up to 30; meanwhile the others fail at once with the
 * known failure. A thread that is alone may always ask, so a single-threaded program finds its
 * token with the first operation after it is back.
 */
#ifndef ENVELOPE_BACK_OFF_H
#define ENVELOPE_BACK_OFF_H

#include <pthread.h>

#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/kek_cache.h"

#define ENV_BACK_OFF_FIRST 1000 /* milliseconds */
#define ENV_BACK_OFF_LAST 30000

struct env_back_off {
    _Atomic bool away; /* the fields below are valid while this is true */
    pthread_mutex_t lock;
    uint64_t generation; /* the process in which it failed: a forked child asks at once */
    bool asking;         /* the thread `asker` is asking */
    bool due;            /* it asks because its time had come */
    bool others;         /* other threads failed or were turned away since the asker last began */
    pthread_t asker;
    int64_t wait;
    int64_t next; /* milliseconds */
    struct env_error_detail failure;
};

void env_back_off_init(struct env_back_off *back_off);
void env_back_off_clear(struct env_back_off *back_off);

/* Whether every remedy was tried in vain, or there is no token to try one on. */
bool env_back_off_is_away(ENV_RESULT r, const struct env_error_detail *detail);

/* To be called before asking a token. False: do not ask; detail has the known failure. */
bool env_back_off_may_ask(struct env_back_off *back_off, struct env_error_detail *detail);

/* To be called afterwards by the same thread. Any answer from the token ends its absence. */
void env_back_off_settle(struct env_back_off *back_off, ENV_RESULT r,
                         const struct env_error_detail *detail);

/* ---- for KEKs that are not found yet, by the name they were looked up with ---- */

#define ENV_BACK_OFF_NAMES 32u

struct env_back_off_name;

struct env_back_off_names {
    pthread_mutex_t lock;
    _Atomic unsigned count;
    unsigned oldest; /* the entry to replace when there is no room */
    struct env_back_off_name *list[ENV_BACK_OFF_NAMES];
};

void env_back_off_names_init(struct env_back_off_names *names);
void env_back_off_names_clear(struct env_back_off_names *names);
bool env_back_off_names_may_ask(struct env_back_off_names *names, const struct env_cache_name *name,
                                struct env_error_detail *detail);
void env_back_off_names_settle(struct env_back_off_names *names, const struct env_cache_name *name,
                               ENV_RESULT r, const struct env_error_detail *detail);

#endif
