/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a keyring: the tokens of this process, made when they are first needed and made
 * afresh in a child of fork. Operations read them, a fresh start of a module changes them.
 */
#ifndef ENVELOPE_TOKEN_SET_H
#define ENVELOPE_TOKEN_SET_H

#include <pthread.h>

#include "envelope/base/sigpipe.h"
#include "envelope/format/fetch_source.h"
#include "keymgmt/token/back_off.h"
#include "keymgmt/token/close_at_exit.h"
#include "keymgmt/token/kek_cache.h"
#include "keymgmt/token/kek_names.h"
#include "keymgmt/token/openers.h"
#include "keymgmt/token/pin.h"
#include "keymgmt/token/tokens.h"
#include "keymgmt/token/versions.h"

struct env_token_set {
    struct env_keyring base;
    const struct env_config *config;
    const struct env_errors *errors;
    _Atomic unsigned refs; /* the caller's and one of each KEK */
    struct env_pin_sources pins;
    _Atomic(struct env_kek_names *) kek_names; /* what kek names, once it was needed */
    _Atomic(struct env_openers *) openers;     /* the same of who opens besides */
    struct env_rsa_source rsa;                 /* where sealing for RSA KEKs is done */
    struct env_kek_cache cache;                /* of KEKs on tokens */
    struct env_kek_cache files;                /* of KEKs from files */
    struct env_version_names versions;         /* of KEKs that are named with all of theirs */
    struct env_back_off_names away;            /* searches for KEKs whose token is away */
    pthread_rwlock_t lock;                     /* of tokens: held for reading by every operation */
    struct env_tokens *tokens;
    _Atomic int64_t last_look;    /* at all slots, because something was not found */
    bool slot_failed;             /* at the last look, which is worth another at once ... */
    int64_t look_again;           /* ... and the next not before this, in milliseconds */
    _Atomic int64_t last_restart; /* of a module, because a key was gone */
    pthread_mutex_t restart_lock; /* of the next */
    uint64_t restart_of;          /* the tokens' epoch that it ended, or is about to */
    _Atomic int64_t last_in_vain; /* that a failure was waited for to pass */
    _Atomic int64_t last_doubts;  /* when doubts began to be counted */
    _Atomic unsigned doubts;      /* since then: see env_token_set_may_doubt */
    struct env_to_close to_close; /* with close-at-exit */
};

/* One operation's stay: while it lasts the tokens stay as they are. Not to be nested. */
struct env_visit {
    struct env_token_set *token_set;
    struct env_sigpipe sigpipe;
};

/* libctx: the library context that RSA and its hashes are fetched from, NULL for the default. */
ENV_RESULT env_token_set_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                             const struct env_errors *errors,
                             const struct env_keyring_vtable *vtable, struct env_token_set **out);
void env_token_set_up_ref(struct env_token_set *token_set);
void env_token_set_unref(struct env_token_set *token_set);

/*
 * Every operation begins with it, before it takes any lock, and ends with env_fork_gate_leave
 * whatever it returned. FORKED_INSIDE_TOKEN.
 */
ENV_RESULT env_token_set_enter_fork_gate(struct env_error_detail *detail);

/*
 * Begins and ends a visit: there are tokens while it lasts. NO_MODULE, NO_TOKEN, TOKEN_FAILED, and
 * what else keeps the modules from being used.
 */
ENV_RESULT env_token_set_enter(struct env_token_set *token_set, struct env_visit *visit,
                               struct env_error_detail *detail);
void env_token_set_leave(struct env_visit *visit);

/*
 * Within a visit, whose hold on the tokens it gives up for a moment: makes good the loss of a slot
 * or of a module (NULL: all modules), unless another thread did since the epoch that was seen.
 */
ENV_RESULT env_token_set_renew(struct env_token_set *token_set, enum env_loss loss,
                               uint64_t seen_epoch, struct env_module *only,
                               struct env_error_detail *detail);

/* False when an attempt would have to start with a look for tokens. */
bool env_token_set_has_tokens(struct env_token_set *token_set);

/* Changes whenever other tokens may be there; 0 when there are none. */
uint64_t env_token_set_epoch(struct env_token_set *token_set);

/* What tokens said of their mechanisms was wrong, or has changed. Not within an attempt. */
void env_token_set_forget_mechanisms(struct env_token_set *token_set);

/* Within an attempt: whether what was not found is worth another look at the slots. */
bool env_token_set_may_look_again(struct env_token_set *token_set);

/* The same for a fresh start of a module, which costs others their sessions. */
bool env_token_set_may_restart(struct env_token_set *token_set);

/*
 * Whether what the token said of a key, which a ciphertext does not fit, is to be forgotten: a
 * token that lied is found out so. A few times only, since anybody can send ciphertexts that do not
 * fit.
 */
bool env_token_set_may_doubt(struct env_token_set *token_set);

/* Whether a failure was waited for to pass, in vain, a moment ago; and that it was. */
bool env_token_set_waited_in_vain(const struct env_token_set *token_set);
void env_token_set_note_vain_wait(struct env_token_set *token_set);

/* A session of the token, logged in. Given back with env_session_give. */
ENV_RESULT env_token_set_session(struct env_token_set *token_set, struct env_token *token,
                                 struct env_session *session, struct env_error_detail *detail);

/* The same for one that may write, which is given back as unusable. */
ENV_RESULT env_token_set_session_to_write(struct env_token_set *token_set, struct env_token *token,
                                          struct env_session *session,
                                          struct env_error_detail *detail);

/*
 * True now and then: for remedies that are tried on mere suspicion, and that cost others something.
 * `last` is one of the two times in the token_set.
 */
bool env_token_set_is_due(_Atomic int64_t *last);

#endif
