/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of a token's sessions. A session is used by one thread at a time. Pooled sessions are
 * read-only: except for new KEKs, everything that we create is a session object. When the token has
 * no more sessions, threads wait in order of arrival.
 */
#ifndef ENVELOPE_SESSIONS_H
#define ENVELOPE_SESSIONS_H

#include <pthread.h>
#include <stdint.h>

#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/p11.h"

#define ENV_SCRATCH_LEN 2048u /* more than any output of an unwrap (an RSA-8192 modulus: 1024) */
#define ENV_IDLE_SESSIONS_MAX 64u

struct env_session {
    CK_SESSION_HANDLE handle;
    uint64_t epoch;   /* the pool's epoch when it was opened */
    uint8_t *scratch; /* secret memory for outputs; its user wipes it */
};

struct env_session_waiter;

struct env_session_pool {
    CK_FUNCTION_LIST *fn;
    CK_SLOT_ID slot;
    const char *where;     /* the token, for messages */
    unsigned wait_seconds; /* how long to wait for a session */
    pthread_mutex_t lock;
    struct env_session_waiter *first; /* the thread whose turn it is */
    /*
     * Unique among all pools, and changed by every restart: handles of keys and sessions are valid
     * in one epoch only.
     */
    _Atomic uint64_t epoch;
    size_t open_count; /* idle and in use */
    size_t idle_count;
    struct env_session idle[ENV_IDLE_SESSIONS_MAX];
};

/* where must outlive the pool. */
void env_sessions_init(struct env_session_pool *pool, CK_FUNCTION_LIST *fn, CK_SLOT_ID slot,
                       const char *where, unsigned wait_seconds);

/*
 * If the token has no more sessions, waits for one to be returned. Fails with SESSIONS_EXHAUSTED or
 * TOKEN_FAILED.
 */
ENV_RESULT env_session_take(struct env_session_pool *pool, struct env_session *out,
                            struct env_error_detail *detail);

/*
 * Opens a session that may write, closing an idle one if it needs the room. It must be given back
 * as unusable. May also fail with TOKEN_READ_ONLY.
 */
ENV_RESULT env_session_take_to_write(struct env_session_pool *pool, struct env_session *out,
                                     struct env_error_detail *detail);

/* usable false: the session is closed. */
void env_session_give(struct env_session_pool *pool, struct env_session *session, bool usable);

/* Closes idle sessions and begins a new epoch, unless another thread did so since seen_epoch. */
void env_sessions_renew(struct env_session_pool *pool, uint64_t seen_epoch);

/* Logs out if log_out is set, and closes idle sessions: the module is about to lose its state. */
void env_sessions_end(struct env_session_pool *pool, bool log_out);

/* Closes idle sessions; none may be in use. With call_module false it only frees memory. */
void env_sessions_close(struct env_session_pool *pool, bool call_module);

/* A number that is unique in this process. */
uint64_t env_new_epoch(void);

#endif
