/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps every thread from asking a token that is away, with all that is done about a loss: one
 * thread asks again, after 1 second, then 2, 4 and so on up to 30, and the others fail at once with
 * the failure that is known. A thread that nobody else waits beside asks whenever it likes: a
 * program of one thread finds its token with the first operation after it came back.
 */
#ifndef ENVELOPE_BACK_OFF_H
#define ENVELOPE_BACK_OFF_H

#include <pthread.h>

#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/kek_cache.h"

#define ENV_BACK_OFF_FIRST 1000 /* milliseconds */
#define ENV_BACK_OFF_LAST 30000

struct env_back_off {
    _Atomic bool away; /* what follows counts while it is true */
    pthread_mutex_t lock;
    uint64_t generation; /* the process in which it failed: a child of fork asks at once */
    bool asking;         /* the thread that is called asker */
    bool due;            /* its time had come */
    bool others;         /* failed beside it, or were turned away, since it last began */
    pthread_t asker;
    int64_t wait;
    int64_t next; /* in milliseconds */
    struct env_error_detail failure;
};

void env_back_off_init(struct env_back_off *back_off);
void env_back_off_clear(struct env_back_off *back_off);

/* Whether every remedy was tried in vain, or there is no token to try one on. */
bool env_back_off_is_away(ENV_RESULT r, const struct env_error_detail *detail);

/* Before a token is asked. False: it is not to be, and detail has the failure. */
bool env_back_off_may_ask(struct env_back_off *back_off, struct env_error_detail *detail);

/* Afterwards, by the same thread. Whatever the token answered ends its absence. */
void env_back_off_settle(struct env_back_off *back_off, ENV_RESULT r,
                         const struct env_error_detail *detail);

/* ---- of KEKs that are not found yet, by what they are asked for with ---- */

#define ENV_BACK_OFF_NAMES 32u

struct env_back_off_name;

struct env_back_off_names {
    pthread_mutex_t lock;
    _Atomic unsigned count;
    unsigned oldest; /* is replaced when there is no room */
    struct env_back_off_name *list[ENV_BACK_OFF_NAMES];
};

void env_back_off_names_init(struct env_back_off_names *names);
void env_back_off_names_clear(struct env_back_off_names *names);
bool env_back_off_names_may_ask(struct env_back_off_names *names, const struct env_cache_name *name,
                                struct env_error_detail *detail);
void env_back_off_names_settle(struct env_back_off_names *names, const struct env_cache_name *name,
                               ENV_RESULT r, const struct env_error_detail *detail);

#endif
