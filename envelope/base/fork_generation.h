/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distinguishes a process from the one that it was forked from, at the cost of one memory read. It
 * uses a page that the kernel empties in every child (MADV_WIPEONFORK, Linux 4.14), however the
 * fork was made. Without that, it uses getpid().
 */
#ifndef ENVELOPE_FORK_GENERATION_H
#define ENVELOPE_FORK_GENERATION_H

#include <stdint.h>

/* A number above 0 that stays the same in one process, and differs from those of its ancestors. */
uint64_t env_fork_generation(void);

#endif
