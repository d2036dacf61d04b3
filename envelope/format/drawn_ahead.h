/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes drawn in advance. They are in memory bound to the process (secret.h), together with
 * the fork generation, which is compared each time. Each byte is wiped when it is taken.
 *
 * Bytes that become a key are never old. A busy program draws those for its next messages in one
 * call, and unused ones are wiped after a moment and drawn again. Someone who reads the memory
 * learns no more than from the generator's own state, from which such bytes follow.
 */
#ifndef ENVELOPE_DRAWN_AHEAD_H
#define ENVELOPE_DRAWN_AHEAD_H

#include <stddef.h>
#include <stdint.h>

#include "envelope/base/result.h"

#define ENV_AHEAD_LONGEST 256u /* the most bytes in one request */
#define ENV_AHEAD_FRESH_MS 50  /* how long bytes drawn in advance may still become a key */

struct env_ahead;

/* NULL if the kernel does not empty such memory in a forked child, or there is no memory. */
struct env_ahead *env_ahead_new(void);

/* Wipes what is left; accepts NULL. */
void env_ahead_free(struct env_ahead *ahead);

/* Takes 1 to ENV_AHEAD_LONGEST bytes. If too few are left, calls draw for a larger number. */
typedef ENV_RESULT env_ahead_draw_fn(const void *arg, uint8_t *out, size_t len);
ENV_RESULT env_ahead_take(struct env_ahead *ahead, env_ahead_draw_fn *draw, const void *arg,
                          uint8_t *out, size_t len);

/*
 * The same for fresh bytes: at first draw is called for no more than is taken, and for more once
 * those are used up in time. now: milliseconds of a monotonic clock.
 */
ENV_RESULT env_ahead_take_fresh(struct env_ahead *ahead, env_ahead_draw_fn *draw, const void *arg,
                                int64_t now, uint8_t *out, size_t len);

#endif
