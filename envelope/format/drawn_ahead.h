/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes that were drawn ahead. They lie in memory that is bound to the process (secret.h),
 * together with the fork generation, which is compared each time; each is wiped when it is taken.
 *
 * What becomes a key is never old: a busy program draws those of its next messages at once, and
 * what it has not used after a moment is wiped and drawn anew. Whoever reads the memory learns no
 * more than from the generator's own state, from which such bytes follow just so.
 */
#ifndef ENVELOPE_DRAWN_AHEAD_H
#define ENVELOPE_DRAWN_AHEAD_H

#include <stddef.h>
#include <stdint.h>

#include "envelope/base/result.h"

#define ENV_AHEAD_LONGEST 256u /* bytes that are taken at once */
#define ENV_AHEAD_FRESH_MS 50  /* for as long bytes that were drawn ahead may become a key */

struct env_ahead;

/* NULL where the kernel does not empty such memory in a forked child, or has none. */
struct env_ahead *env_ahead_new(void);

/* Wipes what is left; NULL may be given. */
void env_ahead_free(struct env_ahead *ahead);

/* Takes 1 to ENV_AHEAD_LONGEST bytes. Where too few are left, draw is asked for many. */
typedef ENV_RESULT env_ahead_draw_fn(const void *arg, uint8_t *out, size_t len);
ENV_RESULT env_ahead_take(struct env_ahead *ahead, env_ahead_draw_fn *draw, const void *arg,
                          uint8_t *out, size_t len);

/*
 * The same of bytes that are fresh: draw is asked for no more than is taken at first, and for more
 * where that was used up in time. now: milliseconds of a clock that only goes forward.
 */
ENV_RESULT env_ahead_take_fresh(struct env_ahead *ahead, env_ahead_draw_fn *draw, const void *arg,
                                int64_t now, uint8_t *out, size_t len);

#endif
