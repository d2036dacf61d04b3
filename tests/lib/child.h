/* SPDX-License-Identifier: Apache-2.0 */
/* Work in a separate process. */
#ifndef ENVELOPE_TESTS_CHILD_H
#define ENVELOPE_TESTS_CHILD_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Check cannot report in a child, so this prints the failure and exits. For functions of int. */
#define child_demand(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: in a child: %s\n", __FILE__, __LINE__, #condition);      \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

/* Runs work(arg) in a child of fork(); true when it returned 0. */
bool in_child(int (*work)(void *arg), void *arg);
/* The same with the bare system call, past everything that libc does at a fork. */
bool in_raw_child(int (*work)(void *arg), void *arg);

/*
 * Runs work(NULL) in a child, and look wherever it stops itself (SIGSTOP): how often that was. The
 * test fails when the child does not end with 0.
 */
unsigned watch_stops(int (*work)(void *arg), void (*look)(pid_t pid));

#endif
