/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out when a test says so: OPENSSL_malloc and its relatives, whoever calls them,
 * and what our own objects call: malloc, calloc, realloc, reallocarray, strdup, strndup, asprintf,
 * open_memstream, fopen, fdopendir, tsearch, mmap and p11_kit_uri_new (the linker puts those here:
 * --wrap).
 *
 * Allocations inside a PKCS#11 call are left out: they belong to the module, and SoftHSM crashes.
 * p11-kit's own allocations are left out too, because it aborts when they fail.
 */
#ifndef ENVELOPE_TESTS_FAILING_ALLOC_H
#define ENVELOPE_TESTS_FAILING_ALLOC_H

#include <stdbool.h>

/* First of all in main: before libcrypto has allocated anything. */
void failing_alloc_install(void);

/* From here on the nth allocation of this thread fails, the first is 1; and all that follow it when
 * `and_on` is true. 0: they are only counted. */
void failing_alloc_arm(unsigned nth, bool and_on);

/* Between these two none fails and none is counted: what libcrypto does there does not bear it. */
void failing_alloc_pause(void);
void failing_alloc_go_on(void);

/* From here on none fails. Returns how many there were. */
unsigned failing_alloc_disarm(void);

/* So many of an operation's allocations are tried: `usual`, or all where ENVELOPE_ALLOCATION_ALL is
 * set. */
unsigned failing_alloc_at_most(unsigned usual);

/*
 * Tries that many of `count` allocations at most. Where that is not all, they are evenly spread,
 * and each process takes others. Nothing comes to stderr meanwhile. Returns how many were tried.
 */
typedef void failing_alloc_try_fn(void *arg, unsigned nth);
unsigned failing_alloc_spread(unsigned count, unsigned at_most, failing_alloc_try_fn *try,
                              void *arg);

#endif
