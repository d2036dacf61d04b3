/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small number for each thread, which selects the thread's place in arrays of cached things. Each
 * thread writes to a cache line of its own, so none waits for another, and nothing has to be done
 * when a thread ends. With more threads, some share a number, so entries must be taken out and put
 * back in one atomic step each.
 */
#ifndef ENVELOPE_THREAD_NUMBER_H
#define ENVELOPE_THREAD_NUMBER_H

#define ENV_THREAD_NUMBERS 64u
#define ENV_CACHE_LINE 64u

/* 0 to ENV_THREAD_NUMBERS - 1; constant while the thread lives, and in its forked child. */
unsigned env_thread_number(void);

#endif
