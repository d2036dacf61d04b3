/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/token_set.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/clock.h"
#include "envelope/base/fork_gate.h"
#include "envelope/base/fork_generation.h"
#include "keymgmt/token/login.h"
#include "keymgmt/token/mechanism_info.h"

#define DUE_AFTER_SECONDS 5
#define DOUBTS_MAX 4u /* in DOUBTS_FOR */
#define LOOK_TIMES 20 /* times as long as the last search took: bounds the cost of a slow slot */

/* A restart waits for the operations in progress, and new ones do not overtake it. */
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

ENV_RESULT env_token_set_new(const struct env_config *config, OSSL_LIB_CTX *libctx,
                             const struct env_errors *errors,
                             const struct env_keyring_vtable *vtable, struct env_token_set **out)
{
    struct env_token_set *token_set = calloc(1, sizeof(*token_set));

    if (token_set == NULL || init_lock(&token_set->lock) != 0) {
        free(token_set);
        return ENV_RAISE(errors, ENV_R_NO_MEMORY, "%s", "");
    }
    token_set->base.vtable = vtable;
    token_set->config = config;
    token_set->errors = errors;
    token_set->rsa = (struct env_rsa_source){libctx, config->propquery};
    (void)pthread_mutex_init(&token_set->restart_lock, NULL);
    atomic_init(&token_set->refs, 1);
    env_pin_sources_init(&token_set->pins, config, libctx);
    atomic_init(&token_set->kek_names, NULL);
    atomic_init(&token_set->openers, NULL);
    env_kek_cache_init(&token_set->cache);
    env_kek_cache_init(&token_set->files);
    env_back_off_names_init(&token_set->away);
    env_version_names_init(&token_set->versions);
    *out = token_set;
    return ENV_OK;
}

void env_token_set_up_ref(struct env_token_set *token_set)
{
    (void)atomic_fetch_add(&token_set->refs, 1);
}

static void log_out_of(const struct env_tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        struct env_token *token = tokens->list[i];

        env_sessions_end(&token->sessions,
                         atomic_load(&token->login_epoch) == atomic_load(&token->sessions.epoch));
    }
}

/* Modules may be called only by the process that initialised them, and only before it exits. */
static void close_tokens(struct env_tokens *tokens, bool log_out)
{
    struct env_sigpipe held;
    bool ours = !env_token_process_ends() && tokens->generation == env_fork_generation();

    env_sigpipe_hold(&held);
    if (ours && log_out)
        log_out_of(tokens);
    env_tokens_close(tokens, ours);
    env_sigpipe_release(&held);
}

/* At exit no thread is inside a module. In a forked child the tokens belong to the parent. */
static void close_sessions(struct env_to_close *self)
{
    struct env_token_set *token_set =
        (struct env_token_set *)(void *)((char *)self - offsetof(struct env_token_set, to_close));
    struct env_sigpipe held;

    if (pthread_rwlock_trywrlock(&token_set->lock) != 0)
        return;
    if (token_set->tokens != NULL && token_set->tokens->generation == env_fork_generation()) {
        env_sigpipe_hold(&held);
        log_out_of(token_set->tokens);
        env_sigpipe_release(&held);
    }
    (void)pthread_rwlock_unlock(&token_set->lock);
}

void env_token_set_unref(struct env_token_set *token_set)
{
    if (atomic_fetch_sub(&token_set->refs, 1) > 1)
        return;
    env_close_at_exit_no_more(&token_set->to_close);
    env_fork_gate_enter();
    if (token_set->tokens != NULL)
        close_tokens(token_set->tokens, token_set->to_close.listed);
    env_fork_gate_leave();
    env_kek_cache_clear(&token_set->cache);
    env_kek_cache_clear(&token_set->files);
    env_back_off_names_clear(&token_set->away);
    env_version_names_clear(&token_set->versions);
    env_pin_sources_clear(&token_set->pins);
    (void)pthread_mutex_destroy(&token_set->restart_lock);
    env_kek_names_free(atomic_load(&token_set->kek_names));
    env_openers_free(atomic_load(&token_set->openers));
    (void)pthread_rwlock_destroy(&token_set->lock);
    free(token_set);
}

static int64_t now_seconds(void)
{
    return env_clock_ms() / 1000 + 1; /* never 0 */
}

/* Needs exclusive access to the token_set. */
static void has_looked(struct env_token_set *token_set, int64_t since)
{
    bool failed = token_set->tokens != NULL && token_set->tokens->unseen.reason != ENV_R_NONE;
    int64_t now = env_clock_ms();

    token_set->look_again =
        failed && token_set->slot_failed ? now + LOOK_TIMES * (now - since) : now;
    token_set->slot_failed = failed;
}

bool env_token_set_may_look_again(struct env_token_set *token_set)
{
    if (token_set->tokens->unseen.reason != ENV_R_NONE)
        return env_clock_ms() >= token_set->look_again;
    return env_token_set_is_due(&token_set->last_look);
}

bool env_token_set_is_due(_Atomic int64_t *last)
{
    int64_t then = atomic_load(last);
    int64_t now = now_seconds();

    if (then != 0 && now - then < DUE_AFTER_SECONDS)
        return false;
    return atomic_compare_exchange_strong(last, &then, now);
}

bool env_token_set_may_doubt(struct env_token_set *token_set)
{
    if (env_token_set_is_due(&token_set->last_doubts))
        atomic_store(&token_set->doubts, 0);
    return atomic_fetch_add(&token_set->doubts, 1) < DOUBTS_MAX;
}

bool env_token_set_waited_in_vain(const struct env_token_set *token_set)
{
    int64_t then = atomic_load(&token_set->last_in_vain);

    return then != 0 && now_seconds() - then < DUE_AFTER_SECONDS;
}

void env_token_set_note_vain_wait(struct env_token_set *token_set)
{
    atomic_store(&token_set->last_in_vain, now_seconds());
}

/* All threads that see the same loss wait for one restart. */
bool env_token_set_may_restart(struct env_token_set *token_set)
{
    bool may;

    (void)pthread_mutex_lock(&token_set->restart_lock);
    if (env_token_set_is_due(&token_set->last_restart))
        token_set->restart_of = token_set->tokens->epoch;
    may = token_set->restart_of == token_set->tokens->epoch;
    (void)pthread_mutex_unlock(&token_set->restart_lock);
    return may;
}

static bool usable(const struct env_token_set *token_set)
{
    return token_set->tokens != NULL && token_set->tokens->generation == env_fork_generation() &&
           token_set->tokens->count > 0;
}

/* Needs exclusive access to the token_set. */
static ENV_RESULT open_or_restart(struct env_token_set *token_set, struct env_error_detail *detail)
{
    ENV_RESULT r;

    if (token_set->tokens != NULL && token_set->tokens->generation != env_fork_generation()) {
        env_tokens_close(token_set->tokens, false); /* the parent still uses them */
        token_set->tokens = NULL;
    }
    atomic_store(&token_set->last_look, now_seconds());
    if (token_set->tokens == NULL) {
        r = env_tokens_open(token_set->config, &token_set->rsa, &token_set->tokens, detail);
        /* try once more: a module that loses everything at this moment does so only once */
        if (env_ok(r) || token_set->tokens == NULL || detail->loss != ENV_LOSS_MODULE)
            return r;
    } else if (token_set->tokens->count > 0) {
        return ENV_OK;
    }
    return env_tokens_restart(token_set->config, token_set->tokens, NULL, detail);
}

static ENV_RESULT make_usable(struct env_token_set *token_set, struct env_error_detail *detail)
{
    int64_t since = env_clock_ms();
    ENV_RESULT r = open_or_restart(token_set, detail);

    has_looked(token_set, since);
    if (token_set->config->close_at_exit_on && token_set->tokens != NULL)
        env_close_at_exit(&token_set->to_close, close_sessions);
    return r;
}

ENV_RESULT env_token_set_enter_fork_gate(struct env_error_detail *detail)
{
    env_fork_gate_enter();
    return env_fork_gate_is_orphan() ? env_error_detail(detail, ENV_R_FORKED_INSIDE_TOKEN, "%s", "")
                                     : ENV_OK;
}

void env_token_set_leave(struct env_visit *visit)
{
    (void)pthread_rwlock_unlock(&visit->token_set->lock);
    env_sigpipe_release(&visit->sigpipe);
    env_fork_gate_leave();
}

ENV_RESULT env_token_set_enter(struct env_token_set *token_set, struct env_visit *visit,
                               struct env_error_detail *detail)
{
    ENV_RESULT r = ENV_OK;

    visit->token_set = token_set;
    if (env_token_inside_call())
        return env_error_detail(detail, ENV_R_TOKEN_FAILED,
                                "a PKCS#11 module asks for its own keys");
    env_fork_gate_enter();
    if (env_fork_gate_is_late()) {
        env_fork_gate_leave();
        return env_error_detail(detail, ENV_R_TOKEN_FAILED, "the process is ending");
    }
    env_sigpipe_hold(&visit->sigpipe);
    (void)pthread_rwlock_rdlock(&token_set->lock);
    while (env_ok(r) && !usable(token_set)) {
        (void)pthread_rwlock_unlock(&token_set->lock);
        (void)pthread_rwlock_wrlock(&token_set->lock);
        if (!usable(token_set))
            r = make_usable(token_set, detail);
        (void)pthread_rwlock_unlock(&token_set->lock);
        (void)pthread_rwlock_rdlock(&token_set->lock);
    }
    if (!env_ok(r))
        env_token_set_leave(visit);
    return r;
}

bool env_token_set_has_tokens(struct env_token_set *token_set)
{
    bool has;

    (void)pthread_rwlock_rdlock(&token_set->lock);
    has = usable(token_set);
    (void)pthread_rwlock_unlock(&token_set->lock);
    return has;
}

uint64_t env_token_set_epoch(struct env_token_set *token_set)
{
    uint64_t epoch;

    (void)pthread_rwlock_rdlock(&token_set->lock);
    epoch = usable(token_set) ? token_set->tokens->epoch : 0;
    (void)pthread_rwlock_unlock(&token_set->lock);
    return epoch;
}

void env_token_set_forget_mechanisms(struct env_token_set *token_set)
{
    (void)pthread_rwlock_rdlock(&token_set->lock);
    for (size_t i = 0; usable(token_set) && i < token_set->tokens->count; i++)
        env_mechanisms_forget(token_set->tokens->list[i]);
    (void)pthread_rwlock_unlock(&token_set->lock);
}

/* writing: the session is not one of the pool's. */
static ENV_RESULT log_in(struct env_token_set *token_set, struct env_token *token,
                         struct env_session *session, bool writing, struct env_error_detail *detail)
{
    ENV_RESULT r = env_login(token, session, &token_set->pins, detail);

    if (!env_ok(r))
        env_session_give(&token->sessions, session, !writing && detail->loss == ENV_LOSS_NONE);
    return r;
}

ENV_RESULT env_token_set_session(struct env_token_set *token_set, struct env_token *token,
                                 struct env_session *session, struct env_error_detail *detail)
{
    ENV_TRY(env_session_take(&token->sessions, session, detail));
    return log_in(token_set, token, session, false, detail);
}

ENV_RESULT env_token_set_session_to_write(struct env_token_set *token_set, struct env_token *token,
                                          struct env_session *session,
                                          struct env_error_detail *detail)
{
    ENV_TRY(env_session_take_to_write(&token->sessions, session, detail));
    return log_in(token_set, token, session, true, detail);
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

/* Another thread's read of the slots does not count as a restart. */
ENV_RESULT env_token_set_renew(struct env_token_set *token_set, enum env_loss loss,
                               uint64_t seen_epoch, struct env_module *only,
                               struct env_error_detail *detail)
{
    uint64_t restarts = restarts_of(token_set->tokens, only);
    ENV_RESULT r = ENV_OK;

    (void)pthread_rwlock_unlock(&token_set->lock);
    (void)pthread_rwlock_wrlock(&token_set->lock);
    if (loss == ENV_LOSS_MODULE ? restarts_of(token_set->tokens, only) == restarts
                                : token_set->tokens->epoch == seen_epoch) {
        int64_t since = env_clock_ms();

        atomic_store(&token_set->last_look, now_seconds());
        r = loss == ENV_LOSS_MODULE
                ? env_tokens_restart(token_set->config, token_set->tokens, only, detail)
                : env_tokens_refresh(token_set->config, token_set->tokens, detail);
        has_looked(token_set, since);
    }
    (void)pthread_rwlock_unlock(&token_set->lock);
    (void)pthread_rwlock_rdlock(&token_set->lock);
    return r;
}
