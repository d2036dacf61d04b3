/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of a token's sessions. A session is one thread's at a time. Those that are kept are
 * read-only ones: all that we make, but for new KEKs, are session objects. When the token has no
 * more of them, threads wait in the order in which they came.
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
    uint64_t epoch;   /* the pool's, when it was opened */
    uint8_t *scratch; /* secret memory for outputs; its user wipes it */
};

struct env_session_waiter;

struct env_session_pool {
    CK_FUNCTION_LIST *fn;
    CK_SLOT_ID slot;
    const char *where;     /* the token, for messages */
    unsigned wait_seconds; /* for a session */
    pthread_mutex_t lock;
    struct env_session_waiter *first; /* the one whose turn it is */
    /*
     * Differs from every other pool's and changes with every fresh start: handles of keys and
     * sessions are good for one epoch only.
     */
    _Atomic uint64_t epoch;
    size_t open_count; /* idle and in use */
    size_t idle_count;
    struct env_session idle[ENV_IDLE_SESSIONS_MAX];
};

/* where must outlive the pool. */
void env_sessions_init(struct env_session_pool *pool, CK_FUNCTION_LIST *fn, CK_SLOT_ID slot,
                       const char *where, unsigned wait_seconds);

/* Waits for a session to be returned when the token has no more. SESSIONS_EXHAUSTED, TOKEN_FAILED.
 */
ENV_RESULT env_session_take(struct env_session_pool *pool, struct env_session *out,
                            struct env_error_detail *detail);

/*
 * One that may write: a new one, for which an idle one is closed where it needs the place, and
 * which is not to be given back as usable. TOKEN_READ_ONLY as well.
 */
ENV_RESULT env_session_take_to_write(struct env_session_pool *pool, struct env_session *out,
                                     struct env_error_detail *detail);

/* usable false: the session is closed and not used again. */
void env_session_give(struct env_session_pool *pool, struct env_session *session, bool usable);

/* Closes what is idle and begins a new epoch, unless somebody did since seen_epoch. */
void env_sessions_renew(struct env_session_pool *pool, uint64_t seen_epoch);

/* Logs out, where log_out says so, and closes what is idle; the module forgets us. */
void env_sessions_end(struct env_session_pool *pool, bool log_out);

/* Closes what is idle; nothing is in use. With call_module false memory is freed and no more. */
void env_sessions_close(struct env_session_pool *pool, bool call_module);

/* A number that was never given out before in this process. */
uint64_t env_new_epoch(void);

#endif
