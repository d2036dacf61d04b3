/* SPDX-License-Identifier: Apache-2.0 */
/* The one clock for how long something takes or waits, and the one for what day it is. */
#ifndef ENVELOPE_CLOCK_H
#define ENVELOPE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC, which no one sets; never 0. */
int64_t env_clock_ms(void);

/* The same as the kernel's last tick saw it: some milliseconds late, and cheaper. */
int64_t env_clock_coarse_ms(void);

/* Seconds since 1970, UTC, by the system's clock, which somebody may set. */
int64_t env_clock_seconds(void);

#endif
