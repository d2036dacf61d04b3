/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "envelope/base/fork_generation.h"
#include "envelope/base/fork_gate.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/mechanism_info.h"

#define DUE_AFTER_SECONDS 5
#define LOOK_TIMES 20 /* as long as the last look took: a slot that fails slowly costs little */

static atomic_bool process_is_ending;

void env_token_process_is_ending(void)
{
    atomic_store(&process_is_ending, true);
    env_gate_close();
}

/* A fresh start waits for the operations under way, and new ones do not overtake it. */
static int init_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attr;
    int error = pthread_rwlockattr_init(&attr);

    if (error != 0)
        return error;
    (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    error = pthread_rwlock_init(lock, &attr);
    (void)pthread_rwlockattr_destroy(&attr);
    return error;
}

ENV_RESULT env_ring_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                        const struct env_errors *errors, const struct env_keyring_vtable *vtable,
                        struct env_ring **out)
{
    struct env_ring *ring = calloc(1, sizeof(*ring));

    if (ring == NULL || init_lock(&ring->lock) != 0) {
        free(ring);
        return ENV_RAISE(errors, ENV_R_NO_MEMORY, "%s", "");
    }
    ring->base.vtable = vtable;
    ring->config = config;
    ring->errors = errors;
    ring->rsa = (struct env_rsa_source){libctx, config->propquery};
    atomic_init(&ring->refs, 1);
    env_pin_sources_init(&ring->pins, config);
    env_kek_cache_init(&ring->cache);
    env_kek_cache_init(&ring->files);
    *out = ring;
    return ENV_OK;
}

void env_ring_up_ref(struct env_ring *ring)
{
    (void)atomic_fetch_add(&ring->refs, 1);
}

/* Modules may be called only by the process that initialised them, and only while it lives. */
static void close_tokens(struct env_tokens *tokens)
{
    struct env_sigpipe held;
    bool ours = !atomic_load(&process_is_ending) && tokens->generation == env_fork_generation();

    env_sigpipe_hold(&held);
    env_tokens_close(tokens, ours);
    env_sigpipe_release(&held);
}

void env_ring_unref(struct env_ring *ring)
{
    if (atomic_fetch_sub(&ring->refs, 1) > 1)
        return;
    env_gate_enter();
    if (ring->tokens != NULL)
        close_tokens(ring->tokens);
    env_gate_leave();
    env_kek_cache_clear(&ring->cache);
    env_kek_cache_clear(&ring->files);
    env_pin_sources_clear(&ring->pins);
    (void)pthread_rwlock_destroy(&ring->lock);
    free(ring);
}

static int64_t now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec + 1; /* never 0 */
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Alone with the ring. */
static void has_looked(struct env_ring *ring, int64_t since)
{
    bool failed = ring->tokens != NULL && ring->tokens->unseen.reason != ENV_R_NONE;
    int64_t now = now_ms();

    ring->look_again = failed && ring->slot_failed ? now + LOOK_TIMES * (now - since) : now;
    ring->slot_failed = failed;
}

bool env_ring_may_look_again(struct env_ring *ring)
{
    if (ring->tokens->unseen.reason != ENV_R_NONE)
        return now_ms() >= ring->look_again;
    return env_ring_is_due(&ring->last_look);
}

bool env_ring_is_due(_Atomic int64_t *last)
{
    int64_t then = atomic_load(last);
    int64_t now = now_seconds();

    if (then != 0 && now - then < DUE_AFTER_SECONDS)
        return false;
    return atomic_compare_exchange_strong(last, &then, now);
}

static bool usable(const struct env_ring *ring)
{
    return ring->tokens != NULL && ring->tokens->generation == env_fork_generation() &&
           ring->tokens->count > 0;
}

/* Alone with the ring. */
static ENV_RESULT open_or_restart(struct env_ring *ring, struct env_fault *fault)
{
    ENV_RESULT r;

    if (ring->tokens != NULL && ring->tokens->generation != env_fork_generation()) {
        env_tokens_close(ring->tokens, false); /* the parent's: it goes on with them */
        ring->tokens = NULL;
    }
    atomic_store(&ring->last_look, now_seconds());
    if (ring->tokens == NULL) {
        r = env_tokens_open(ring->config, &ring->tokens, fault);
        /* a module that loses everything at this very moment is lost only once */
        if (env_ok(r) || ring->tokens == NULL || fault->loss != ENV_LOSS_MODULE)
            return r;
    } else if (ring->tokens->count > 0) {
        return ENV_OK;
    }
    return env_tokens_restart(ring->config, ring->tokens, NULL, fault);
}

static ENV_RESULT make_usable(struct env_ring *ring, struct env_fault *fault)
{
    int64_t since = now_ms();
    ENV_RESULT r = open_or_restart(ring, fault);

    has_looked(ring, since);
    return r;
}

ENV_RESULT env_ring_enter_gate(struct env_fault *fault)
{
    env_gate_enter();
    return env_gate_is_orphan() ? env_fault(fault, ENV_R_FORKED_INSIDE_TOKEN, "%s", "") : ENV_OK;
}

static void leave(struct env_visit *visit)
{
    (void)pthread_rwlock_unlock(&visit->ring->lock);
    env_sigpipe_release(&visit->sigpipe);
    env_gate_leave();
}

static ENV_RESULT enter(struct env_ring *ring, struct env_visit *visit, struct env_fault *fault)
{
    ENV_RESULT r = ENV_OK;

    visit->ring = ring;
    if (env_token_inside_call())
        return env_fault(fault, ENV_R_TOKEN_FAILED, "a PKCS#11 module asks for its own keys");
    env_gate_enter();
    if (env_gate_is_late()) {
        env_gate_leave();
        return env_fault(fault, ENV_R_TOKEN_FAILED, "the process is ending");
    }
    env_sigpipe_hold(&visit->sigpipe);
    (void)pthread_rwlock_rdlock(&ring->lock);
    while (env_ok(r) && !usable(ring)) {
        (void)pthread_rwlock_unlock(&ring->lock);
        (void)pthread_rwlock_wrlock(&ring->lock);
        if (!usable(ring))
            r = make_usable(ring, fault);
        (void)pthread_rwlock_unlock(&ring->lock);
        (void)pthread_rwlock_rdlock(&ring->lock);
    }
    if (!env_ok(r))
        leave(visit);
    return r;
}

bool env_ring_has_tokens(struct env_ring *ring)
{
    bool has;

    (void)pthread_rwlock_rdlock(&ring->lock);
    has = usable(ring);
    (void)pthread_rwlock_unlock(&ring->lock);
    return has;
}

uint64_t env_ring_epoch(struct env_ring *ring)
{
    uint64_t epoch;

    (void)pthread_rwlock_rdlock(&ring->lock);
    epoch = usable(ring) ? ring->tokens->epoch : 0;
    (void)pthread_rwlock_unlock(&ring->lock);
    return epoch;
}

void env_ring_forget_mechanisms(struct env_ring *ring)
{
    (void)pthread_rwlock_rdlock(&ring->lock);
    for (size_t i = 0; usable(ring) && i < ring->tokens->count; i++)
        env_mechanisms_forget(ring->tokens->list[i]);
    (void)pthread_rwlock_unlock(&ring->lock);
}

/* writing: it is not one of those that are kept. */
static ENV_RESULT log_in(struct env_ring *ring, struct env_token *token,
                         struct env_session *session, bool writing, struct env_fault *fault)
{
    ENV_RESULT r = env_login(token, session, &ring->pins, fault);

    if (!env_ok(r))
        env_session_give(&token->sessions, session, !writing && fault->loss == ENV_LOSS_NONE);
    return r;
}

ENV_RESULT env_ring_session(struct env_ring *ring, struct env_token *token,
                            struct env_session *session, struct env_fault *fault)
{
    ENV_TRY(env_session_take(&token->sessions, session, fault));
    return log_in(ring, token, session, false, fault);
}

ENV_RESULT env_ring_session_to_write(struct env_ring *ring, struct env_token *token,
                                     struct env_session *session, struct env_fault *fault)
{
    ENV_TRY(env_session_take_to_write(&token->sessions, session, fault));
    return log_in(ring, token, session, true, fault);
}

static uint64_t restarts_of(const struct env_tokens *tokens, const struct env_module *only)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < tokens->modules.count; i++) {
        if (only == NULL || only == &tokens->modules.list[i])
            sum += tokens->modules.list[i].restarts;
    }
    return sum;
}

/*
 * Gives up the visit's hold on the tokens for a moment. When another thread did the same meanwhile,
 * that is enough; that it only looked at the slots is no fresh start.
 */
static ENV_RESULT change_tokens(struct env_ring *ring, enum env_loss loss, uint64_t seen_epoch,
                                struct env_module *only, struct env_fault *fault)
{
    uint64_t restarts = restarts_of(ring->tokens, only);
    ENV_RESULT r = ENV_OK;

    (void)pthread_rwlock_unlock(&ring->lock);
    (void)pthread_rwlock_wrlock(&ring->lock);
    if (loss == ENV_LOSS_MODULE ? restarts_of(ring->tokens, only) == restarts
                                : ring->tokens->epoch == seen_epoch) {
        int64_t since = now_ms();

        atomic_store(&ring->last_look, now_seconds());
        r = loss == ENV_LOSS_MODULE ? env_tokens_restart(ring->config, ring->tokens, only, fault)
                                    : env_tokens_refresh(ring->config, ring->tokens, fault);
        has_looked(ring, since);
    }
    (void)pthread_rwlock_unlock(&ring->lock);
    (void)pthread_rwlock_rdlock(&ring->lock);
    return r;
}

static ENV_RESULT cure(struct env_ring *ring, enum env_loss loss, const struct env_blame *blame,
                       uint64_t seen_epoch, struct env_fault *fault)
{
    struct env_module *only = blame->token != NULL ? blame->token->module : blame->module;

    switch (loss) {
    case ENV_LOSS_SESSION:
        if (blame->token != NULL)
            env_sessions_renew(&blame->token->sessions, blame->token_epoch);
        return ENV_OK;
    case ENV_LOSS_SLOT:
    case ENV_LOSS_MODULE:
        return change_tokens(ring, loss, seen_epoch, only, fault);
    case ENV_LOSS_NONE:
    case ENV_LOSS_KEY: /* the attempt takes care of it itself */
        break;
    }
    return ENV_OK;
}

static ENV_RESULT attempt_with_remedies(struct env_ring *ring, env_attempt_fn *attempt, void *arg,
                                        struct env_fault *fault)
{
    enum env_loss cured = ENV_LOSS_NONE;
    struct env_visit visit;
    ENV_RESULT r;

    ENV_TRY(enter(ring, &visit, fault));
    for (;;) {
        struct env_blame blame = {.most = ENV_LOSS_MODULE};
        uint64_t epoch = ring->tokens->epoch;

        r = attempt(ring, arg, cured, &blame, fault);
        if (env_ok(r) || fault->loss == ENV_LOSS_NONE || cured == ENV_LOSS_MODULE)
            break;
        cured = fault->loss > cured ? fault->loss : (enum env_loss)(cured + 1);
        fault->held_back = cured > blame.most;
        if (fault->held_back)
            break;
        r = cure(ring, cured, &blame, epoch, fault);
        if (!env_ok(r) && cured == ENV_LOSS_SLOT) { /* no slot has a token any more */
            cured = ENV_LOSS_MODULE;
            r = cure(ring, cured, &(struct env_blame){0}, ring->tokens->epoch, fault);
        }
        if (!env_ok(r))
            break;
    }
    leave(&visit);
    return r;
}

/* See env_ckr_half_written; and that there is no token at all. */
static bool may_pass(const struct env_fault *fault)
{
    return !fault->held_back && /* else another token stands in at once */
           (fault->reason == ENV_R_NO_TOKEN ||
            (env_ckr_half_written(fault->rv) && fault->loss == ENV_LOSS_MODULE));
}

static void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

ENV_RESULT env_ring_attempt(struct env_ring *ring, env_attempt_fn *attempt, void *arg,
                            struct env_fault *fault)
{
    int64_t in_vain = atomic_load(&ring->last_in_vain);
    bool patient = in_vain == 0 || now_seconds() - in_vain >= DUE_AFTER_SECONDS;
    ENV_RESULT r = attempt_with_remedies(ring, attempt, arg, fault);

    for (long ms = 16; !env_ok(r) && may_pass(fault) && patient && ms <= 256; ms *= 2) {
        sleep_ms(ms);
        r = attempt_with_remedies(ring, attempt, arg, fault);
    }
    if (!env_ok(r) && may_pass(fault) && patient)
        atomic_store(&ring->last_in_vain, now_seconds());
    return r;
}
