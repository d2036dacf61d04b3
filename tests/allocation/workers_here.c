/* SPDX-License-Identifier: Apache-2.0 */
/* The tool's workers do their work where it is added, in this thread: memory fails in a thread. */
#include <stdlib.h>

#include "tools/common/workers.h"

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*): the linker's names */
struct tool_workers *__wrap_tool_workers_new(unsigned count, const struct tool_workers_ops *ops,
                                             void *arg);
void __wrap_tool_workers_add(struct tool_workers *workers, void *job);
void __wrap_tool_workers_finish(struct tool_workers *workers);

struct tool_workers {
    const struct tool_workers_ops *ops;
    void *arg;
    void *mine;
};

struct tool_workers *__wrap_tool_workers_new(unsigned count, const struct tool_workers_ops *ops,
                                             void *arg)
{
    struct tool_workers *workers = calloc(1, sizeof(*workers));

    (void)count;
    if (workers == NULL)
        return NULL;
    *workers = (struct tool_workers){ops, arg, ops->begin != NULL ? ops->begin(arg) : NULL};
    return workers;
}

void __wrap_tool_workers_add(struct tool_workers *workers, void *job)
{
    workers->ops->work(workers->arg, workers->mine, job);
    workers->ops->deliver(workers->arg, job);
}

void __wrap_tool_workers_finish(struct tool_workers *workers)
{
    if (workers->ops->end != NULL)
        workers->ops->end(workers->arg, workers->mine);
    free(workers);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */
