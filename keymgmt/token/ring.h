/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a keyring: the tokens of this process, made when they are first needed and made
 * afresh in a child of fork. Operations read them, a fresh start of a module changes them.
 */
#ifndef ENVELOPE_RING_H
#define ENVELOPE_RING_H

#include <pthread.h>

#include "keymgmt/token/kek_cache.h"
#include "keymgmt/token/pin.h"
#include "keymgmt/wrap/rsa_public.h"
#include "keymgmt/token/sigpipe.h"
#include "keymgmt/token/tokens.h"

struct env_ring {
    struct env_keyring base;
    const struct env_config *config;
    const struct env_errors *errors;
    _Atomic unsigned refs; /* the caller's and one of each KEK */
    struct env_pin_sources pins;
    struct env_rsa_source rsa;  /* where sealing for RSA KEKs is done */
    struct env_kek_cache cache; /* of KEKs on tokens */
    struct env_kek_cache files; /* of KEKs from files */
    pthread_rwlock_t lock;      /* of tokens: held for reading by every operation */
    struct env_tokens *tokens;
    _Atomic int64_t last_look;    /* at all slots, because something was not found */
    bool slot_failed;             /* at the last look, which is worth another at once ... */
    int64_t look_again;           /* ... and the next not before this, in milliseconds */
    _Atomic int64_t last_restart; /* of a module, because a key was gone */
    uint64_t restart_of;          /* the tokens' epoch that it ended, or is about to */
    _Atomic int64_t last_in_vain; /* that a failure was waited for to pass */
};

/* One operation's stay: while it lasts the tokens stay as they are. Not to be nested. */
struct env_visit {
    struct env_ring *ring;
    struct env_sigpipe sigpipe;
};

/* What an attempt blames when the fault says that something is lost. */
struct env_blame {
    struct env_token *token; /* NULL: no token of the list */
    uint64_t token_epoch;
    struct env_module *module; /* of a token that is not in the list any more; NULL: all modules */
    enum env_loss most;        /* the costliest remedy that it is worth */
};

/*
 * One try at something. Before it is tried again, the last try's loss has been made good: the key
 * is to be found again, the token's sessions are new, the slots were looked at, or the module was
 * initialised afresh.
 */
typedef ENV_RESULT env_attempt_fn(struct env_ring *ring, void *arg, enum env_loss cured,
                                  struct env_blame *blame, struct env_fault *fault);

/* libctx: the library context that RSA and its hashes are fetched from, NULL for the default. */
ENV_RESULT env_ring_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                        const struct env_errors *errors, const struct env_keyring_vtable *vtable,
                        struct env_ring **out);
void env_ring_up_ref(struct env_ring *ring);
void env_ring_unref(struct env_ring *ring);

/*
 * Tries, making good what is lost: every remedy once, the mildest that can help first. What may
 * pass by itself is tried again for half a second; not again for a while when that was in vain.
 */
ENV_RESULT env_ring_attempt(struct env_ring *ring, env_attempt_fn *attempt, void *arg,
                            struct env_fault *fault);

/*
 * Every operation begins with it, before it takes any lock, and ends with env_gate_leave whatever
 * it returned. FORKED_INSIDE_TOKEN.
 */
ENV_RESULT env_ring_enter_gate(struct env_fault *fault);

/* False when an attempt would have to start with a look for tokens. */
bool env_ring_has_tokens(struct env_ring *ring);

/* Changes whenever other tokens may be there; 0 when there are none. */
uint64_t env_ring_epoch(struct env_ring *ring);

/* What tokens said of their mechanisms was wrong, or has changed. Not within an attempt. */
void env_ring_forget_mechanisms(struct env_ring *ring);

/* Within an attempt: whether what was not found is worth another look at the slots. */
bool env_ring_may_look_again(struct env_ring *ring);

/* A session of the token, logged in. Given back with env_session_give. */
ENV_RESULT env_ring_session(struct env_ring *ring, struct env_token *token,
                            struct env_session *session, struct env_fault *fault);

/* The same for one that may write, which is given back as unusable. */
ENV_RESULT env_ring_session_to_write(struct env_ring *ring, struct env_token *token,
                                     struct env_session *session, struct env_fault *fault);

/*
 * True now and then: for remedies that are tried on mere suspicion, and that cost others something.
 * `last` is one of the two times in the ring.
 */
bool env_ring_is_due(_Atomic int64_t *last);

#endif
