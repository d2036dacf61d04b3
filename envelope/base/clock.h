/* SPDX-License-Identifier: Apache-2.0 */
/* The one clock for durations, and the one for dates. */
#ifndef ENVELOPE_CLOCK_H
#define ENVELOPE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC, which nobody can set; never 0. */
int64_t env_clock_ms(void);

/* The same as of the kernel's last tick: a few milliseconds late, and cheaper. */
int64_t env_clock_coarse_ms(void);

/* Seconds since 1970, UTC, by the system clock, which may be set. */
int64_t env_clock_seconds(void);

#endif
