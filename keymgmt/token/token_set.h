/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a keyring: the tokens of this process, opened when first needed and again in a
 * forked child. Operations read them; restarting a module changes them.
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
    _Atomic unsigned refs; /* one for the caller and one for each KEK */
    struct env_pin_sources pins;
    _Atomic(struct env_kek_names *) kek_names; /* the names in kek, once needed */
    _Atomic(struct env_openers *) openers;     /* the same for the lists of keys that may open */
    struct env_rsa_source rsa;                 /* for sealing to RSA KEKs */
    struct env_kek_cache cache;                /* KEKs on tokens */
    struct env_kek_cache files;                /* KEKs from files */
    struct env_version_names versions;         /* KEKs named with all their versions */
    struct env_back_off_names away;            /* names of KEKs whose token is away */
    pthread_rwlock_t lock; /* protects tokens; every operation holds it for reading */
    struct env_tokens *tokens;
    _Atomic int64_t last_look;    /* when all slots were read because something was not found */
    bool slot_failed;             /* in that read, so another is worth trying ... */
    int64_t look_again;           /* ... but not before this time, in milliseconds */
    _Atomic int64_t last_restart; /* when a module was restarted because a key was gone */
    pthread_mutex_t restart_lock; /* serialises restarts */
    uint64_t restart_of;          /* the epoch of the tokens that the restart ends */
    _Atomic int64_t last_in_vain; /* when waiting for a failure to pass did not help */
    _Atomic int64_t last_doubts;  /* when counting the doubts began */
    _Atomic unsigned doubts;      /* number since then: see env_token_set_may_doubt */
    struct env_to_close to_close; /* with close-at-exit */
};

/*
 * The time during which one operation uses the tokens; they do not change meanwhile. Not to be
 * nested.
 */
struct env_visit {
    struct env_token_set *token_set;
    struct env_sigpipe sigpipe;
};

/* libctx: the library context for RSA and its hashes; NULL: the default one. */
ENV_RESULT env_token_set_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                             const struct env_errors *errors,
                             const struct env_keyring_vtable *vtable, struct env_token_set **out);
void env_token_set_up_ref(struct env_token_set *token_set);
void env_token_set_unref(struct env_token_set *token_set);

/*
 * Every operation calls this first, before it takes any lock, and calls env_fork_gate_leave at the
 * end, whatever the result was. Fails with FORKED_INSIDE_TOKEN.
 */
ENV_RESULT env_token_set_enter_fork_gate(struct env_error_detail *detail);

/*
 * Begins and ends a visit, during which the tokens exist. Fails with NO_MODULE, NO_TOKEN or
 * TOKEN_FAILED, or if the modules cannot be used for another reason.
 */
ENV_RESULT env_token_set_enter(struct env_token_set *token_set, struct env_visit *visit,
                               struct env_error_detail *detail);
void env_token_set_leave(struct env_visit *visit);

/*
 * Within a visit, which releases the tokens for a moment: repairs the loss of a slot or of a module
 * (NULL: all modules), unless another thread did so since seen_epoch.
 */
ENV_RESULT env_token_set_renew(struct env_token_set *token_set, enum env_loss loss,
                               uint64_t seen_epoch, struct env_module *only,
                               struct env_error_detail *detail);

/* False if an attempt would first have to look for tokens. */
bool env_token_set_has_tokens(struct env_token_set *token_set);

/* Changes whenever the set of tokens may have changed; 0 if there are none. */
uint64_t env_token_set_epoch(struct env_token_set *token_set);

/*
 * Discards what tokens said about their mechanisms, because it was wrong or has changed. Not within
 * an attempt.
 */
void env_token_set_forget_mechanisms(struct env_token_set *token_set);

/* Within an attempt: whether the slots should be read again because something was not found. */
bool env_token_set_may_look_again(struct env_token_set *token_set);

/* The same for restarting a module, which costs other users their sessions. */
bool env_token_set_may_restart(struct env_token_set *token_set);

/*
 * Whether to discard what the token said about a key that a ciphertext does not fit, in case the
 * token was wrong. Allowed a few times only, because anyone can send such ciphertexts.
 */
bool env_token_set_may_doubt(struct env_token_set *token_set);

/*
 * Whether waiting for a failure to pass did not help a moment ago; and recording that it did not.
 */
bool env_token_set_waited_in_vain(const struct env_token_set *token_set);
void env_token_set_note_vain_wait(struct env_token_set *token_set);

/* A session of the token, logged in. Given back with env_session_give. */
ENV_RESULT env_token_set_session(struct env_token_set *token_set, struct env_token *token,
                                 struct env_session *session, struct env_error_detail *detail);

/* The same for a session that may write, which is given back as unusable. */
ENV_RESULT env_token_set_session_to_write(struct env_token_set *token_set, struct env_token *token,
                                          struct env_session *session,
                                          struct env_error_detail *detail);

/*
 * True from time to time: for remedies that are tried on suspicion and disturb other users. `last`
 * is one of the two times in the token_set.
 */
bool env_token_set_is_due(_Atomic int64_t *last);

#endif
