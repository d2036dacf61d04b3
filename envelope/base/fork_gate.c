/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/fork_gate.h"

#include <pthread.h>
#include <time.h>

/* A token that does not answer does not keep a process from ending for longer. */
#define CLOSING_SECONDS 3

/* Nor from forking for longer; and once it did for so long, the next forks do not wait as long. */
#define FORKING_SECONDS 30
#define FORKING_AGAIN_SECONDS 1

unsigned env_gate_forking_seconds = FORKING_SECONDS;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int registration = -1;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned threads_inside;
static unsigned forks_waiting; /* newcomers let them go first, so that a fork is not starved */
static bool closed;
static struct timespec closed_until; /* is waited for those inside */
static bool forked_nevertheless;     /* while somebody was inside that still is */
static bool orphan;

static _Thread_local unsigned depth;
static _Thread_local bool late; /* came when the gate was closed, and is not counted */

static struct timespec in_seconds(unsigned seconds)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    return until;
}

/*
 * A module that forks while we are inside it (p11-kit starts its remote modules so) execs at once.
 * Such a fork does not wait: the others may themselves be waiting for a lock of the forking thread.
 */
static void before_fork(void)
{
    struct timespec until;
    int error = 0;

    if (depth > 0)
        return;
    (void)pthread_mutex_lock(&lock);
    until = in_seconds(forked_nevertheless ? FORKING_AGAIN_SECONDS : env_gate_forking_seconds);
    forks_waiting++;
    while (threads_inside > 0 && error == 0)
        error = pthread_cond_timedwait(&changed, &lock, &until);
    forks_waiting--;
    forked_nevertheless = threads_inside > 0;
}

static void after_fork_in_parent(void)
{
    if (depth > 0)
        return;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

/* Only the forking thread lives on, so nobody waits and nobody else is inside. */
static void after_fork_in_child(void)
{
    if (depth > 0) /* not taken by before_fork: whoever has it is not there */
        lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    orphan = orphan || (depth == 0 && threads_inside > 0);
    forked_nevertheless = false;
    threads_inside = depth > 0 && !late ? 1 : 0;
    forks_waiting = 0;
    if (depth == 0)
        (void)pthread_mutex_unlock(&lock);
}

static void register_handlers(void)
{
    registration = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

ENV_RESULT env_gate_prepare(void)
{
    (void)pthread_once(&once, register_handlers);
    return registration == 0 ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

void env_gate_enter(void)
{
    if (depth++ > 0)
        return;
    (void)pthread_mutex_lock(&lock);
    while (forks_waiting > 0)
        (void)pthread_cond_wait(&changed, &lock);
    late = closed;
    if (!late)
        threads_inside++;
    (void)pthread_mutex_unlock(&lock);
}

void env_gate_leave(void)
{
    if (--depth > 0 || late)
        return;
    (void)pthread_mutex_lock(&lock);
    if (--threads_inside == 0)
        forked_nevertheless = false;
    if (threads_inside == 0 || closed)
        (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

void env_gate_close(void)
{
    unsigned self = depth > 0 && !late ? 1 : 0;
    int error = 0;

    (void)pthread_mutex_lock(&lock);
    if (!closed) /* as often as modules were loaded this is called, and all that is one wait */
        closed_until = in_seconds(CLOSING_SECONDS);
    closed = true;
    while (threads_inside > self && error == 0)
        error = pthread_cond_timedwait(&changed, &lock, &closed_until);
    (void)pthread_mutex_unlock(&lock);
}

bool env_gate_is_late(void)
{
    return late;
}

bool env_gate_is_orphan(void)
{
    return orphan;
}
