/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that are watched: one that does not end is killed after it has said where it is, and so
 * is this program itself.
 */
#ifndef FORKS_CHILD_H
#define FORKS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where the calling thread is, for messages and for the one that hangs. */
void child_at(const char *stage);
const char *child_stage(void);

/* Before anything else. seconds: that the whole program may take. */
void child_watch_parent(unsigned seconds);

/* How a child ends that has done its work. */
enum child_end { CHILD_EXIT, CHILD_UNDERSCORE_EXIT, CHILD_EXEC, CHILD_ENDS };

/* Forks; the child does its work and ends so. CHILD_EXEC: as this program with "--after-exec". */
pid_t child_start(void (*work)(void *arg), void *arg, enum child_end end);

/* As above with CHILD_EXEC and no work, by what runs none of the handlers of a fork. */
pid_t child_start_program(bool spawn);

/* Waits for its end, which must be a good one. */
void child_wait(pid_t pid);

/* Memory that all processes share which come from this one. */
void *child_shared(size_t len);

/* How often one of these forked, and how long the longest fork took, in milliseconds. */
unsigned child_forks(void);
double child_longest_fork(void);

#endif
