/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small number for each thread, by which it finds what is kept for it in arrays: the cache line
 * that it writes there is its own, so no thread waits for another, and nothing has to be done when
 * a thread ends. In a process with more threads some share a number, so entries are taken out and
 * put back in one atomic step each.
 */
#ifndef ENVELOPE_THREAD_NUMBER_H
#define ENVELOPE_THREAD_NUMBER_H

#define ENV_THREAD_NUMBERS 64u
#define ENV_CACHE_LINE 64u

/* 0 to ENV_THREAD_NUMBERS - 1, the same for as long as the thread lives, and in its forked child.
 */
unsigned env_thread_number(void);

#endif
