/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs jobs in several threads; results come out in the order in which the jobs went in. The number
 * of jobs in progress is limited, so memory use does not depend on their total.
 */
#ifndef ENVELOPE_TOOL_WORKERS_H
#define ENVELOPE_TOOL_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#define TOOL_WORKERS_MAX 64u

struct tool_workers_ops {
    /* Makes what one thread keeps between jobs; NULL on failure. May be NULL. */
    void *(*begin)(void *arg);
    void (*end)(void *arg, void *mine);
    /* Works on a job, in any thread. */
    void (*work)(void *arg, void *mine, void *job);
    /* Takes a finished job: in order, and one at a time. Frees the job. */
    void (*deliver)(void *arg, void *job);
};

struct tool_workers;

/* The default number of workers: as many as there are processors, up to 4. */
unsigned tool_workers_default(void);

/*
 * NULL if there is no memory or no thread. ops and arg must stay valid until tool_workers_finish.
 */
struct tool_workers *tool_workers_new(unsigned count, const struct tool_workers_ops *ops,
                                      void *arg);

/* Waits while too many jobs are in progress. May be called from one thread only. */
void tool_workers_add(struct tool_workers *workers, void *job);

/* Waits for all jobs and ends the threads. */
void tool_workers_finish(struct tool_workers *workers);

#endif
