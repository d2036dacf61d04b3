/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/drawn_ahead.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "envelope/base/fork_generation.h"
#include "envelope/base/secret.h"

#define BATCH 2048u
#define FRESH_BATCH 1024u /* the most */
#define FRESH_GROWTH 4u

/* In a forked child all of it is zero, so nothing is left there. */
struct env_ahead {
    _Atomic uint64_t generation; /* of the process that drew them */
    size_t left;                 /* unused bytes, at the end of bytes */
    int64_t drawn_at;            /* for fresh ones */
    size_t batch;                /* how many were drawn then */
    uint8_t bytes[BATCH];
};

struct env_ahead *env_ahead_new(void)
{
    return env_secret_bound_is_wiped() ? env_secret_alloc_bound(sizeof(struct env_ahead)) : NULL;
}

void env_ahead_free(struct env_ahead *ahead)
{
    if (ahead == NULL)
        return;
    OPENSSL_cleanse(ahead, sizeof(*ahead));
    env_secret_free_bound_wiped(ahead, sizeof(*ahead));
}

static bool is_of(const struct env_ahead *ahead, uint64_t generation)
{
    return atomic_load_explicit(&ahead->generation, memory_order_relaxed) == generation;
}

/* Copies to the end of bytes, where the position depends only on how many are left. */
static ENV_RESULT fill(struct env_ahead *ahead, env_ahead_draw_fn *draw, const void *arg,
                       uint64_t generation, size_t len)
{
    size_t old = ahead->left;

    ahead->left = 0;
    if (old <= sizeof(ahead->bytes))
        OPENSSL_cleanse(ahead->bytes + sizeof(ahead->bytes) - old, old);
    ENV_TRY(draw(arg, ahead->bytes + sizeof(ahead->bytes) - len, len));
    ahead->left = len;
    atomic_store_explicit(&ahead->generation, generation, memory_order_relaxed);
    return ENV_OK;
}

/* ---- how many to draw ---- */

/* What is drawn and when; `now` is 0 for bytes that need not be fresh. */
struct request {
    env_ahead_draw_fn *draw;
    const void *arg;
    int64_t now;
    size_t len;
};

static ENV_RESULT fill_fresh(struct env_ahead *ahead, const struct request *request,
                             uint64_t generation, bool busy)
{
    size_t batch = busy ? ahead->batch * FRESH_GROWTH : request->len;

    if (batch > FRESH_BATCH)
        batch = FRESH_BATCH;
    if (batch < request->len)
        batch = request->len;
    ENV_TRY(fill(ahead, request->draw, request->arg, generation, batch));
    ahead->batch = batch;
    ahead->drawn_at = request->now;
    return ENV_OK;
}

static ENV_RESULT fill_if_needed(struct env_ahead *ahead, const struct request *request,
                                 uint64_t generation)
{
    const bool ours = is_of(ahead, generation);
    const bool enough = ours && ahead->left >= request->len;
    bool in_time;

    if (request->now == 0)
        return enough ? ENV_OK
                      : fill(ahead, request->draw, request->arg, generation, sizeof(ahead->bytes));
    in_time = ours && request->now - ahead->drawn_at < ENV_AHEAD_FRESH_MS;
    return enough && in_time ? ENV_OK : fill_fresh(ahead, request, generation, in_time);
}

/*
 * A signal handler may fork at any point here, and the child's memory is then empty. So the copied
 * bytes count only if they still belong to this process.
 */
static ENV_RESULT take(struct env_ahead *ahead, const struct request *request, uint8_t *out)
{
    const size_t len = request->len;

    if (len == 0 || len > ENV_AHEAD_LONGEST)
        return ENV_FAIL(ENV_R_INTERNAL);
    for (;;) {
        uint8_t *from;
        size_t left;

        ENV_TRY(fill_if_needed(ahead, request, env_fork_generation()));
        left = ahead->left;
        if (left < len || left > sizeof(ahead->bytes))
            continue; /* it was emptied meanwhile */
        from = ahead->bytes + sizeof(ahead->bytes) - left;
        memcpy(out, from, len);
        OPENSSL_cleanse(from, len);
        ahead->left = left - len;
        atomic_signal_fence(memory_order_seq_cst);
        if (is_of(ahead, env_fork_generation()))
            return ENV_OK;
    }
}

ENV_RESULT env_ahead_take(struct env_ahead *ahead, env_ahead_draw_fn *draw, const void *arg,
                          uint8_t *out, size_t len)
{
    const struct request request = {draw, arg, 0, len};

    return take(ahead, &request, out);
}

ENV_RESULT env_ahead_take_fresh(struct env_ahead *ahead, env_ahead_draw_fn *draw, const void *arg,
                                int64_t now, uint8_t *out, size_t len)
{
    const struct request request = {draw, arg, now, len};

    return take(ahead, &request, out);
}
