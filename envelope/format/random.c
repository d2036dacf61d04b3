/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/random.h"

#include <openssl/rand.h>
#include <stdatomic.h>

#include "envelope/base/clock.h"
#include "envelope/base/fork_gate.h"
#include "envelope/format/drawn_ahead.h"
#include "envelope/format/kept.h"

static atomic_bool random_ended;

void env_random_ends(void)
{
    atomic_store(&random_ended, true);
}

/*
 * Goes through the fork gate: seeding a generator, libcrypto holds a lock that a child would need.
 */
static ENV_RESULT draw(int (*random_bytes)(OSSL_LIB_CTX *, unsigned char *, size_t, unsigned),
                       const struct env_crypto *crypto, uint8_t *out, size_t len)
{
    bool ok;

    env_fork_gate_enter();
    ok = !atomic_load(&random_ended) && random_bytes(env_crypto_libctx(crypto), out, len, 0) == 1;
    env_fork_gate_leave();
    return ok ? ENV_OK : ENV_FAIL(ENV_R_RANDOM_FAILED);
}

static ENV_RESULT draw_public(const void *crypto, uint8_t *out, size_t len)
{
    return draw(RAND_bytes_ex, crypto, out, len);
}

static ENV_RESULT draw_private(const void *crypto, uint8_t *out, size_t len)
{
    return draw(RAND_priv_bytes_ex, crypto, out, len);
}

ENV_RESULT env_random_private(const struct env_crypto *crypto, uint8_t *out, size_t len)
{
    return draw_private(crypto, out, len);
}

/* What this thread has drawn in advance, of this kind; NULL: nothing can be drawn in advance. */
static struct env_ahead *take_ahead(struct env_kept *kept, enum env_kept_kind kind, size_t len)
{
    struct env_ahead *ahead;

    if (len == 0 || len > ENV_AHEAD_LONGEST || atomic_load(&random_ended))
        return NULL;
    ahead = env_kept_take(kept, kind);
    return ahead != NULL ? ahead : env_ahead_new();
}

ENV_RESULT env_random_dek(const struct env_crypto *crypto, uint8_t *out, size_t len)
{
    struct env_kept *kept = env_crypto_kept(crypto);
    struct env_ahead *ahead = take_ahead(kept, ENV_KEPT_RANDOM_KEYS, len);
    ENV_RESULT r;

    if (ahead == NULL)
        return draw_private(crypto, out, len);
    r = env_ahead_take_fresh(ahead, draw_private, crypto, env_clock_coarse_ms(), out, len);
    env_ahead_free(env_kept_give(kept, ENV_KEPT_RANDOM_KEYS, ahead));
    return r;
}

ENV_RESULT env_random_public(const struct env_crypto *crypto, uint8_t *out, size_t len)
{
    struct env_kept *kept = env_crypto_kept(crypto);
    struct env_ahead *ahead = take_ahead(kept, ENV_KEPT_RANDOM, len);
    ENV_RESULT r;

    if (ahead == NULL)
        return draw_public(crypto, out, len);
    r = env_ahead_take(ahead, draw_public, crypto, out, len);
    env_ahead_free(env_kept_give(kept, ENV_KEPT_RANDOM, ahead));
    return r;
}
