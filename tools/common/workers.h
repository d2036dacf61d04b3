/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that several threads work on and that come out in the order in which they went in. Only so
 * many are under way at once, so memory does not grow with their number.
 */
#ifndef ENVELOPE_TOOL_WORKERS_H
#define ENVELOPE_TOOL_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#define TOOL_WORKERS_MAX 64u

struct tool_workers_ops {
    /* What one thread keeps from job to job; NULL when it could not be made. May be NULL. */
    void *(*begin)(void *arg);
    void (*end)(void *arg, void *mine);
    /* Works on a job; any thread. */
    void (*work)(void *arg, void *mine, void *job);
    /* Takes a finished job: in order, and never two at once. It frees the job. */
    void (*deliver)(void *arg, void *job);
};

struct tool_workers;

/* The number of workers when nobody says: as many as there are processors, up to 4. */
unsigned tool_workers_default(void);

/* NULL when there is no memory or no thread. ops and arg stay until tool_workers_finish. */
struct tool_workers *tool_workers_new(unsigned count, const struct tool_workers_ops *ops,
                                      void *arg);

/* Waits while too many jobs are under way. One thread alone calls it. */
void tool_workers_add(struct tool_workers *workers, void *job);

/* Waits for all jobs and ends the threads. */
void tool_workers_finish(struct tool_workers *workers);

#endif
