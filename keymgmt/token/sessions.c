/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/sessions.h"

#include <stdatomic.h>
#include <time.h>

#include "envelope/base/clock.h"
#include "envelope/base/secret.h"

/* Another program may close one of its sessions, and we are not notified, so we try again. */
#define RETRY_MILLISECONDS 250

enum session_kind { READING, WRITING };

/* A waiting thread; lives on its stack. */
struct env_session_waiter {
    struct env_session_waiter *next;
    pthread_cond_t woken;
};

uint64_t env_new_epoch(void)
{
    static _Atomic uint64_t last;

    return atomic_fetch_add(&last, 1) + 1;
}

void env_sessions_init(struct env_session_pool *pool, CK_FUNCTION_LIST *fn, CK_SLOT_ID slot,
                       const char *where, unsigned wait_seconds)
{
    pool->fn = fn;
    pool->slot = slot;
    pool->where = where;
    pool->wait_seconds = wait_seconds;
    pool->first = NULL;
    atomic_init(&pool->epoch, env_new_epoch());
    (void)pthread_mutex_init(&pool->lock, NULL);
}

/* ---- the queue; the pool is locked ---- */

static void enqueue(struct env_session_pool *pool, struct env_session_waiter *me)
{
    struct env_session_waiter **last = &pool->first;
    pthread_condattr_t attr;

    while (*last != NULL)
        last = &(*last)->next;
    *last = me;
    me->next = NULL;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&me->woken, &attr);
    (void)pthread_condattr_destroy(&attr);
}

static void wake_first(const struct env_session_pool *pool)
{
    if (pool->first != NULL)
        (void)pthread_cond_signal(&pool->first->woken);
}

static void dequeue(struct env_session_pool *pool, struct env_session_waiter *me)
{
    struct env_session_waiter **at = &pool->first;

    while (*at != me)
        at = &(*at)->next;
    *at = me->next;
    (void)pthread_cond_destroy(&me->woken);
    wake_first(pool); /* there may be another session to take */
}

/* Waits until woken. The first thread in the queue waits only briefly, because it tries again. */
static void wait_for_turn(struct env_session_pool *pool, struct env_session_waiter *me,
                          int64_t deadline)
{
    int64_t until = env_clock_ms() + RETRY_MILLISECONDS;
    struct timespec when;

    if (pool->first != me || until > deadline)
        until = deadline;
    when.tv_sec = (time_t)(until / 1000);
    when.tv_nsec = (long)(until % 1000) * 1000000L;
    (void)pthread_cond_timedwait(&me->woken, &pool->lock, &when);
}

/* ---- sessions ---- */

static bool take_idle(struct env_session_pool *pool, struct env_session *out)
{
    if (pool->idle_count == 0)
        return false;
    *out = pool->idle[--pool->idle_count];
    return true;
}

static ENV_RESULT open_session(struct env_session_pool *pool, enum session_kind kind,
                               struct env_session *out, struct env_error_detail *detail)
{
    bool writing = kind == WRITING;
    CK_FLAGS flags = CKF_SERIAL_SESSION | (writing ? CKF_RW_SESSION : 0);
    CK_RV rv;

    out->epoch = atomic_load(&pool->epoch);
    out->scratch = env_secret_alloc(ENV_SCRATCH_LEN);
    if (out->scratch == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "a session of %s", pool->where);
    out->handle = CK_INVALID_HANDLE; /* in case the token does not write it */
    rv = ENV_P11(pool->fn->C_OpenSession(pool->slot, flags, NULL, NULL, &out->handle));
    if (rv == CKR_OK) {
        (void)pthread_mutex_lock(&pool->lock);
        pool->open_count++;
        (void)pthread_mutex_unlock(&pool->lock);
        return ENV_OK;
    }
    env_secret_free(out->scratch, ENV_SCRATCH_LEN);
    return env_error_detail_ckr(detail,
                                writing && rv == CKR_TOKEN_WRITE_PROTECTED ? ENV_R_TOKEN_READ_ONLY
                                                                           : ENV_R_TOKEN_FAILED,
                                "C_OpenSession", rv, pool->where);
}

static void close_session(struct env_session_pool *pool, struct env_session *session)
{
    (void)ENV_P11(pool->fn->C_CloseSession(session->handle));
    env_secret_free(session->scratch, ENV_SCRATCH_LEN);
}

/* One attempt. The pool is locked, except while the token is called. */
static ENV_RESULT try_to_take(struct env_session_pool *pool, enum session_kind kind,
                              struct env_session *out, struct env_error_detail *detail)
{
    struct env_session idle;
    ENV_RESULT r;

    if (kind == READING && take_idle(pool, out))
        return ENV_OK;
    for (;;) {
        (void)pthread_mutex_unlock(&pool->lock);
        r = open_session(pool, kind, out, detail);
        (void)pthread_mutex_lock(&pool->lock);
        if (env_ok(r) || detail->rv != CKR_SESSION_COUNT || !take_idle(pool, &idle))
            return r;
        if (kind == READING) { /* returned in the meantime */
            *out = idle;
            return ENV_OK;
        }
        (void)pthread_mutex_unlock(&pool->lock);
        env_session_give(pool, &idle, false);
        (void)pthread_mutex_lock(&pool->lock);
    }
}

/* Called with the pool locked. */
static ENV_RESULT wait_and_take(struct env_session_pool *pool, enum session_kind kind,
                                struct env_session *out, struct env_error_detail *detail)
{
    int64_t deadline = env_clock_ms() + (int64_t)pool->wait_seconds * 1000;
    struct env_session_waiter me;
    bool waiting = false;
    ENV_RESULT r;

    for (;;) {
        bool mine = waiting ? pool->first == &me : pool->first == NULL;

        if (mine) {
            r = try_to_take(pool, kind, out, detail);
            if (env_ok(r) || detail->rv != CKR_SESSION_COUNT)
                break;
        }
        if (env_clock_ms() >= deadline) {
            r = env_error_detail(
                detail, ENV_R_SESSIONS_EXHAUSTED,
                "C_OpenSession: CKR_SESSION_COUNT, %s, for %u seconds (session-wait)", pool->where,
                pool->wait_seconds);
            break;
        }
        if (!waiting)
            enqueue(pool, &me);
        waiting = true;
        wait_for_turn(pool, &me, deadline);
    }
    if (waiting)
        dequeue(pool, &me);
    return r;
}

static ENV_RESULT take(struct env_session_pool *pool, enum session_kind kind,
                       struct env_session *out, struct env_error_detail *detail)
{
    ENV_RESULT r = ENV_OK;

    (void)pthread_mutex_lock(&pool->lock);
    if (kind != READING || pool->first != NULL || !take_idle(pool, out))
        r = wait_and_take(pool, kind, out, detail);
    (void)pthread_mutex_unlock(&pool->lock);
    return r;
}

ENV_RESULT env_session_take(struct env_session_pool *pool, struct env_session *out,
                            struct env_error_detail *detail)
{
    return take(pool, READING, out, detail);
}

ENV_RESULT env_session_take_to_write(struct env_session_pool *pool, struct env_session *out,
                                     struct env_error_detail *detail)
{
    return take(pool, WRITING, out, detail);
}

void env_session_give(struct env_session_pool *pool, struct env_session *session, bool usable)
{
    bool kept;

    (void)pthread_mutex_lock(&pool->lock);
    kept = usable && session->epoch == atomic_load(&pool->epoch) &&
           pool->idle_count < ENV_IDLE_SESSIONS_MAX;
    if (kept)
        pool->idle[pool->idle_count++] = *session;
    else if (--pool->open_count == 0) /* with the last session, the login ends */
        atomic_store(&pool->epoch, env_new_epoch());
    if (!kept) {
        (void)pthread_mutex_unlock(&pool->lock);
        close_session(pool, session);
        (void)pthread_mutex_lock(&pool->lock);
    }
    wake_first(pool); /* a closed session makes room as well */
    (void)pthread_mutex_unlock(&pool->lock);
}

void env_sessions_renew(struct env_session_pool *pool, uint64_t seen_epoch)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (atomic_load(&pool->epoch) == seen_epoch) {
        pool->open_count -= pool->idle_count;
        while (pool->idle_count > 0)
            close_session(pool, &pool->idle[--pool->idle_count]);
        atomic_store(&pool->epoch, env_new_epoch());
        wake_first(pool);
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

void env_sessions_end(struct env_session_pool *pool, bool log_out)
{
    if (pthread_mutex_trylock(&pool->lock) != 0)
        return;
    if (log_out && pool->idle_count > 0)
        (void)ENV_P11(pool->fn->C_Logout(pool->idle[0].handle));
    while (pool->idle_count > 0)
        close_session(pool, &pool->idle[--pool->idle_count]);
    (void)pthread_mutex_unlock(&pool->lock);
}

void env_sessions_close(struct env_session_pool *pool, bool call_module)
{
    while (pool->idle_count > 0) {
        struct env_session *session = &pool->idle[--pool->idle_count];

        if (call_module)
            close_session(pool, session);
        else
            env_secret_free(session->scratch, ENV_SCRATCH_LEN);
    }
    /*
     * In a forked child the condition may refer to threads that do not exist; not destroying it
     * loses nothing.
     */
    if (call_module)
        (void)pthread_mutex_destroy(&pool->lock);
}
