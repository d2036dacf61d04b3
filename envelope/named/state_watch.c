/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/state_watch.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "envelope/base/clock.h"
#include "envelope/base/fork_gate.h"

#define MILLISECONDS 1000

struct seen {
    struct env_state_seen base;
    atomic_uint references;
    struct env_state *state;
};

struct env_state_watch {
    const struct env_config *config;
    const struct env_audit *audit;
    const struct env_errors *errors;
    struct env_keyring *keyring; /* or NULL */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct seen *now;  /* the last good one */
    int64_t looked_at; /* 0: never */
    bool looking;      /* a thread is reading; the others continue with the present state */
    bool broken;       /* the last read failed */
    ENV_RESULT failure;
};

struct env_state_watch *env_state_watch_new(const struct env_config *config,
                                            const struct env_audit *audit,
                                            const struct env_errors *errors,
                                            struct env_keyring *keyring)
{
    struct env_state_watch *watch;

    if (!env_ok(env_fork_gate_prepare()))
        return NULL;
    watch = OPENSSL_zalloc(sizeof(*watch));
    if (watch == NULL)
        return NULL;
    watch->config = config;
    watch->audit = audit;
    watch->errors = errors;
    watch->keyring = keyring;
    (void)pthread_mutex_init(&watch->lock, NULL);
    (void)pthread_cond_init(&watch->changed, NULL);
    return watch;
}

static void drop(struct seen *seen)
{
    if (seen == NULL || atomic_fetch_sub(&seen->references, 1) != 1)
        return;
    env_state_free(seen->state);
    OPENSSL_free(seen);
}

void env_state_watch_free(struct env_state_watch *watch)
{
    if (watch == NULL)
        return;
    drop(watch->now);
    (void)pthread_mutex_destroy(&watch->lock);
    (void)pthread_cond_destroy(&watch->changed);
    OPENSSL_free(watch);
}

void env_state_watch_let_go(struct env_state_watch *watch, const struct env_state_seen *seen)
{
    (void)watch;
    drop((struct seen *)(void *)(uintptr_t)seen);
}

/* ---- reading it again ---- */

/* A word that cannot be a KEK's name revokes nothing, so it is an error and the old state stays. */
static ENV_RESULT judge_names(const struct env_state_watch *watch, const char *key,
                              const char *text)
{
    struct env_keyring *keyring = watch->keyring;
    ENV_RESULT r;

    if (text == NULL || keyring == NULL || keyring->vtable->judge_names == NULL)
        return ENV_OK;
    r = keyring->vtable->judge_names(keyring, key, text);
    if (env_ok(r) || r.reason == ENV_R_NO_MEMORY)
        return r;
    return ENV_RAISE(watch->errors, ENV_R_STATE_FILE, "state-file %s: %s: %s",
                     watch->config->state_file, key, env_reason_text(r.reason));
}

static ENV_RESULT judge(const struct env_state_watch *watch, const struct env_state *state)
{
    ENV_TRY(judge_names(watch, "disabled-kek", env_state_disabled_keks(state)));
    return judge_names(watch, "open-only-kek", env_state_open_only_keks(state));
}

static ENV_RESULT read_it(const struct env_state_watch *watch, struct seen **out)
{
    struct seen *seen = OPENSSL_zalloc(sizeof(*seen));
    ENV_RESULT r = ENV_OK;

    if (seen == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (watch->config->state_file != NULL)
        r = env_state_read(watch->errors, watch->config->state_file, &seen->state);
    if (env_ok(r))
        r = judge(watch, seen->state);
    if (!env_ok(r)) {
        env_state_free(seen->state);
        OPENSSL_free(seen);
        return r;
    }
    seen->base.state = seen->state;
    atomic_init(&seen->references, 1);
    *out = seen;
    return ENV_OK;
}

/* Logs a change: a new state, a file that broke, or one that was repaired. */
static void record(const struct env_state_watch *watch, ENV_RESULT r)
{
    const struct env_audit_use use = {.operation = ENV_AUDIT_STATE_CHANGE};
    char why[512];

    (void)env_audit_write(watch->audit, &use, r, why, sizeof(why));
}

/* Called with the lock. Takes over fresh. Returns whether there is something to report. */
static bool take_over(struct env_state_watch *watch, ENV_RESULT r, struct seen *fresh)
{
    bool news;

    if (fresh == NULL) {
        news = !watch->broken;
        watch->broken = true;
        watch->failure = r;
        return news;
    }
    news = watch->broken;
    watch->broken = false;
    if (watch->now != NULL && env_state_same(watch->now->state, fresh->state)) {
        drop(fresh);
        return news;
    }
    news = news || watch->now != NULL;
    fresh->base.number = watch->now != NULL ? watch->now->base.number + 1 : 1;
    drop(watch->now);
    watch->now = fresh;
    return news;
}

/*
 * Called with the lock, which it releases meanwhile. If a good state stays in force, a failure does
 * not matter and leaves no error.
 */
static void look(struct env_state_watch *watch)
{
    bool first = watch->now == NULL;
    struct seen *fresh = NULL;
    ENV_RESULT r;
    bool news;

    watch->looking = true;
    (void)pthread_mutex_unlock(&watch->lock);
    env_errors_mark(watch->errors);
    r = read_it(watch, &fresh);
    env_errors_unmark(watch->errors, !first);
    (void)pthread_mutex_lock(&watch->lock);
    news = take_over(watch, r, fresh);
    watch->looking = false;
    watch->looked_at = env_clock_ms();
    (void)pthread_cond_broadcast(&watch->changed);
    if (!news)
        return;
    (void)pthread_mutex_unlock(&watch->lock);
    record(watch, r);
    (void)pthread_mutex_lock(&watch->lock);
}

static bool is_due(const struct env_state_watch *watch)
{
    int64_t every = (int64_t)watch->config->state_refresh_seconds * MILLISECONDS;

    return watch->now == NULL ||
           (watch->config->state_file != NULL && env_clock_ms() - watch->looked_at >= every);
}

ENV_RESULT env_state_watch_see(struct env_state_watch *watch, const struct env_state_seen **out)
{
    ENV_RESULT r = ENV_OK;
    bool raised = false;

    *out = NULL;
    if (env_fork_gate_is_orphan())
        return ENV_RAISE(watch->errors, ENV_R_FORKED_INSIDE_TOKEN, "%s", "");
    (void)pthread_mutex_lock(&watch->lock);
    while (watch->now == NULL && watch->looking)
        (void)pthread_cond_wait(&watch->changed, &watch->lock);
    if (is_due(watch) && !watch->looking) {
        look(watch);
        raised = true;
    }
    if (watch->now == NULL) {
        r = watch->failure;
    } else {
        atomic_fetch_add(&watch->now->references, 1);
        *out = &watch->now->base;
    }
    (void)pthread_mutex_unlock(&watch->lock);
    if (env_ok(r) || raised || !r.raised)
        return r;
    return ENV_RAISE(watch->errors, r.reason, "state-file %s", watch->config->state_file);
}
