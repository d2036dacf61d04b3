/* SPDX-License-Identifier: Apache-2.0 */
#include "sessions.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#include "../provider/secret.h"

#define WAIT_SECONDS 10
#define RETRY_MILLISECONDS                                                                         \
    250 /* another program may close one of its sessions: it tells nobody                          \
         */

uint64_t env_new_epoch(void)
{
    static _Atomic uint64_t last;

    return atomic_fetch_add(&last, 1) + 1;
}

void env_sessions_init(struct env_session_pool *pool, CK_FUNCTION_LIST *fn, CK_SLOT_ID slot,
                       const char *where)
{
    pthread_condattr_t attr;

    pool->fn = fn;
    pool->slot = slot;
    pool->where = where;
    atomic_init(&pool->epoch, env_new_epoch());
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&pool->returned, &attr);
    (void)pthread_condattr_destroy(&attr);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits a little for a session to be returned; the pool is locked. */
static void wait_a_little(struct env_session_pool *pool)
{
    int64_t until = now_ms() + RETRY_MILLISECONDS;
    struct timespec deadline = {.tv_sec = (time_t)(until / 1000),
                                .tv_nsec = (long)(until % 1000) * 1000000L};

    (void)pthread_cond_timedwait(&pool->returned, &pool->lock, &deadline);
}

static bool take_idle(struct env_session_pool *pool, struct env_session *out)
{
    if (pool->idle_count == 0)
        return false;
    *out = pool->idle[--pool->idle_count];
    return true;
}

static ENV_RESULT open_session(struct env_session_pool *pool, struct env_session *out,
                               struct env_fault *fault)
{
    CK_RV rv;

    out->epoch = atomic_load(&pool->epoch);
    out->scratch = env_secret_alloc(ENV_SCRATCH_LEN);
    if (out->scratch == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "a session of %s", pool->where);
    rv = ENV_P11(pool->fn->C_OpenSession(pool->slot, CKF_SERIAL_SESSION, NULL, NULL, &out->handle));
    if (rv == CKR_OK) {
        (void)pthread_mutex_lock(&pool->lock);
        pool->open_count++;
        (void)pthread_mutex_unlock(&pool->lock);
        return ENV_OK;
    }
    env_secret_free(out->scratch, ENV_SCRATCH_LEN);
    return env_fault_ckr(fault, ENV_R_TOKEN_FAILED, "C_OpenSession", rv, pool->where);
}

ENV_RESULT env_session_take(struct env_session_pool *pool, struct env_session *out,
                            struct env_fault *fault)
{
    int64_t deadline = now_ms() + WAIT_SECONDS * 1000;
    bool taken;

    for (;;) {
        ENV_RESULT r;

        (void)pthread_mutex_lock(&pool->lock);
        taken = take_idle(pool, out);
        (void)pthread_mutex_unlock(&pool->lock);
        if (taken)
            return ENV_OK;
        r = open_session(pool, out, fault);
        if (env_ok(r) || fault->rv != CKR_SESSION_COUNT)
            return r;
        if (now_ms() >= deadline)
            return env_fault(fault, ENV_R_SESSIONS_EXHAUSTED, "%s (waited %d seconds)", pool->where,
                             WAIT_SECONDS);
        (void)pthread_mutex_lock(&pool->lock);
        if (pool->idle_count == 0)
            wait_a_little(pool);
        (void)pthread_mutex_unlock(&pool->lock);
    }
}

static void close_session(struct env_session_pool *pool, struct env_session *session)
{
    (void)ENV_P11(pool->fn->C_CloseSession(session->handle));
    env_secret_free(session->scratch, ENV_SCRATCH_LEN);
}

void env_session_give(struct env_session_pool *pool, struct env_session *session, bool usable)
{
    bool kept;

    (void)pthread_mutex_lock(&pool->lock);
    kept = usable && session->epoch == atomic_load(&pool->epoch) &&
           pool->idle_count < ENV_IDLE_SESSIONS_MAX;
    if (kept)
        pool->idle[pool->idle_count++] = *session;
    else if (--pool->open_count == 0) /* with the last one the login goes, and maybe handles */
        atomic_store(&pool->epoch, env_new_epoch());
    (void)pthread_mutex_unlock(&pool->lock);
    if (!kept)
        close_session(pool, session);
    (void)pthread_cond_signal(&pool->returned); /* a closed one makes room as well */
}

void env_sessions_renew(struct env_session_pool *pool, uint64_t seen_epoch)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (atomic_load(&pool->epoch) == seen_epoch) {
        pool->open_count -= pool->idle_count;
        while (pool->idle_count > 0)
            close_session(pool, &pool->idle[--pool->idle_count]);
        atomic_store(&pool->epoch, env_new_epoch());
    }
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
    /* In a child of fork their insides may speak of threads that are not there; nothing is lost. */
    if (call_module) {
        (void)pthread_cond_destroy(&pool->returned);
        (void)pthread_mutex_destroy(&pool->lock);
    }
}
