/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/fork_gate.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "envelope/base/thread_number.h"

/*
 * How long a token that does not answer may keep an idle process from ending. If the process is
 * using the processor meanwhile, it probably just needs more time; ending it then would crash it,
 * because a module's destructors run after the wait. So such a process gets more time.
 */
#define CLOSING_SECONDS 3
#define CLOSING_SECONDS_BUSY 20
#define IDLE_NS 10000000 /* processor time; waiting alone used up to 2 ms on a busy machine */

/* How long it may keep a process from forking. After one such wait, later forks wait less. */
#define FORKING_SECONDS 30
#define FORKING_AGAIN_SECONDS 1

unsigned env_fork_gate_forking_seconds = FORKING_SECONDS;
unsigned env_fork_gate_closing_seconds = CLOSING_SECONDS;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int registration = -1;

/*
 * The threads inside, counted per thread, so that entering writes no memory that another thread
 * reads. A thread that enters counts itself first, and then checks whether anyone is waiting; a
 * waiting thread announces itself first, and then counts. So one of them sees the other.
 */
static struct {
    alignas(ENV_CACHE_LINE) atomic_uint inside;
} counts[ENV_THREAD_NUMBERS];
static atomic_bool attention; /* threads that enter or leave must take the lock */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned forks_waiting; /* or in progress: new threads let them go first */
static bool closed;
static bool gave_up;                 /* gave up waiting for the threads inside */
static struct timespec closed_until; /* how long to wait for them */
static bool forked_nevertheless;     /* while a thread was inside that still is */
static bool orphan;

static _Thread_local unsigned depth;
static _Thread_local bool late; /* entered after the gate was closed, and is not counted */

static struct timespec in_seconds(unsigned seconds)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    return until;
}

static unsigned threads_inside(void)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < ENV_THREAD_NUMBERS; i++)
        sum += atomic_load(&counts[i].inside);
    return sum;
}

/* Called with the lock. */
static void set_attention(void)
{
    atomic_store(&attention, forks_waiting > 0 || closed || forked_nevertheless);
}

/*
 * A module that forks while we are inside it (p11-kit starts its remote modules that way) calls
 * exec at once. Such a fork does not wait: the other threads may be waiting for a lock of the
 * forking thread.
 */
static void before_fork(void)
{
    struct timespec until;
    unsigned seen;
    int error = 0;

    if (depth > 0)
        return;
    (void)pthread_mutex_lock(&lock);
    until = in_seconds(forked_nevertheless ? FORKING_AGAIN_SECONDS : env_fork_gate_forking_seconds);
    forks_waiting++;
    set_attention();
    while ((seen = threads_inside()) > 0 && error == 0)
        error = pthread_cond_timedwait(&changed, &lock, &until);
    /*
     * No need to count again: any thread found now has just entered, and will take its count back.
     */
    forked_nevertheless = seen > 0;
}

static void after_fork_in_parent(void)
{
    if (depth > 0)
        return;
    forks_waiting--;
    set_attention();
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

/* Only the forking thread continues in the child, so nobody waits and nobody else is inside. */
static void after_fork_in_child(void)
{
    if (depth > 0) /* before_fork did not take it, and its holder does not exist here */
        lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    orphan = orphan || (depth == 0 && forked_nevertheless);
    forked_nevertheless = false;
    forks_waiting = 0;
    for (unsigned i = 0; i < ENV_THREAD_NUMBERS; i++)
        atomic_store(&counts[i].inside, 0);
    if (depth > 0 && !late)
        atomic_store(&counts[env_thread_number()].inside, 1);
    set_attention();
    if (depth == 0)
        (void)pthread_mutex_unlock(&lock);
}

static void register_handlers(void)
{
    registration = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

ENV_RESULT env_fork_gate_prepare(void)
{
    (void)pthread_once(&once, register_handlers);
    return registration == 0 ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

/*
 * The slow path: a thread that was counted too early takes that back, and notifies those who saw
 * it.
 */
static void enter_attentively(atomic_uint *inside)
{
    (void)atomic_fetch_sub(inside, 1);
    (void)pthread_mutex_lock(&lock);
    (void)pthread_cond_broadcast(&changed);
    while (forks_waiting > 0)
        (void)pthread_cond_wait(&changed, &lock);
    late = closed;
    if (!late)
        (void)atomic_fetch_add(inside, 1);
    (void)pthread_mutex_unlock(&lock);
}

void env_fork_gate_enter(void)
{
    atomic_uint *inside;

    if (depth++ > 0)
        return;
    late = false;
    inside = &counts[env_thread_number()].inside;
    (void)atomic_fetch_add(inside, 1);
    if (atomic_load(&attention))
        enter_attentively(inside);
}

void env_fork_gate_leave(void)
{
    if (--depth > 0 || late)
        return;
    (void)atomic_fetch_sub(&counts[env_thread_number()].inside, 1);
    if (!atomic_load(&attention))
        return;
    (void)pthread_mutex_lock(&lock);
    if (threads_inside() == 0)
        forked_nevertheless = false;
    set_attention();
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

static int64_t processor_ns(void)
{
    struct timespec used = {0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static bool is_past(const struct timespec *until)
{
    struct timespec now = in_seconds(0);

    return now.tv_sec > until->tv_sec ||
           (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

/*
 * Called with the lock. It is called once for each loading of modules; all calls share one time
 * limit.
 */
static void wait_to_close(unsigned self)
{
    struct timespec look = in_seconds(env_fork_gate_closing_seconds);
    int64_t used = processor_ns();

    while (!gave_up && threads_inside() > self) {
        int64_t before = used;

        if (pthread_cond_timedwait(&changed, &lock, &look) == 0)
            continue;
        look = in_seconds(env_fork_gate_closing_seconds);
        used = processor_ns();
        gave_up = used - before < IDLE_NS || is_past(&closed_until);
    }
}

void env_fork_gate_close(void)
{
    unsigned self = depth > 0 && !late ? 1 : 0;

    (void)pthread_mutex_lock(&lock);
    if (!closed)
        closed_until = in_seconds(CLOSING_SECONDS_BUSY);
    closed = true;
    set_attention();
    wait_to_close(self);
    (void)pthread_mutex_unlock(&lock);
}

bool env_fork_gate_is_late(void)
{
    return late;
}

bool env_fork_gate_is_deserted(void)
{
    bool deserted;

    (void)pthread_mutex_lock(&lock);
    deserted = closed && depth == 0 && threads_inside() == 0;
    (void)pthread_mutex_unlock(&lock);
    return deserted;
}

bool env_fork_gate_is_orphan(void)
{
    return orphan;
}
