/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define SLOTS_PER_WORKER 64u
/* Each may keep a directory open, and 1024 descriptors are a common limit. */
#define SLOTS_MAX 256u
#define WORKERS_BY_DEFAULT 4u

enum slot_state { SLOT_EMPTY, SLOT_WAITING, SLOT_DONE };

struct slot {
    enum slot_state state;
    void *job;
};

/* The slots form a ring: job numbers count up for ever, and job n is in slot n % slot_count. */
struct tool_workers {
    const struct tool_workers_ops *ops;
    void *arg;
    pthread_mutex_t lock;
    pthread_cond_t changed_for_workers;
    pthread_cond_t changed_for_adder;
    size_t slot_count;
    size_t added;     /* jobs added */
    size_t taken;     /* jobs begun by a thread */
    size_t delivered; /* jobs delivered */
    bool delivering;  /* a thread is delivering */
    bool ending;
    unsigned started;
    pthread_t threads[TOOL_WORKERS_MAX];
    struct slot slots[];
};

unsigned tool_workers_default(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    if (n < 1)
        return 1;
    return n < (int)WORKERS_BY_DEFAULT ? (unsigned)n : WORKERS_BY_DEFAULT;
}

/* Called with the lock held, and returns with it; releases it while a job is being delivered. */
static void deliver_finished(struct tool_workers *workers)
{
    struct slot *slot = &workers->slots[workers->delivered % workers->slot_count];

    if (workers->delivering)
        return; /* the thread that is delivering sees newly finished jobs */
    workers->delivering = true;
    while (slot->state == SLOT_DONE) {
        void *job = slot->job;

        (void)pthread_mutex_unlock(&workers->lock);
        workers->ops->deliver(workers->arg, job);
        (void)pthread_mutex_lock(&workers->lock);
        slot->state = SLOT_EMPTY;
        workers->delivered++;
        (void)pthread_cond_signal(&workers->changed_for_adder);
        slot = &workers->slots[workers->delivered % workers->slot_count];
    }
    workers->delivering = false;
}

static void *run(void *varg)
{
    struct tool_workers *workers = varg;
    void *mine = workers->ops->begin != NULL ? workers->ops->begin(workers->arg) : NULL;

    (void)pthread_mutex_lock(&workers->lock);
    for (;;) {
        struct slot *slot;

        while (workers->taken == workers->added && !workers->ending)
            (void)pthread_cond_wait(&workers->changed_for_workers, &workers->lock);
        if (workers->taken == workers->added)
            break;
        slot = &workers->slots[workers->taken++ % workers->slot_count];
        (void)pthread_mutex_unlock(&workers->lock);
        workers->ops->work(workers->arg, mine, slot->job);
        (void)pthread_mutex_lock(&workers->lock);
        slot->state = SLOT_DONE;
        deliver_finished(workers);
    }
    (void)pthread_mutex_unlock(&workers->lock);
    if (workers->ops->end != NULL)
        workers->ops->end(workers->arg, mine);
    return NULL;
}

static void end_threads(struct tool_workers *workers)
{
    (void)pthread_mutex_lock(&workers->lock);
    workers->ending = true;
    (void)pthread_cond_broadcast(&workers->changed_for_workers);
    (void)pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->started; i++)
        (void)pthread_join(workers->threads[i], NULL);
    (void)pthread_cond_destroy(&workers->changed_for_workers);
    (void)pthread_cond_destroy(&workers->changed_for_adder);
    (void)pthread_mutex_destroy(&workers->lock);
    free(workers);
}

struct tool_workers *tool_workers_new(unsigned count, const struct tool_workers_ops *ops, void *arg)
{
    size_t wanted = (size_t)count * SLOTS_PER_WORKER;
    size_t slot_count = wanted < SLOTS_MAX ? wanted : SLOTS_MAX;
    struct tool_workers *workers =
        calloc(1, sizeof(struct tool_workers) + slot_count * sizeof(struct slot));

    if (workers == NULL)
        return NULL;
    workers->ops = ops;
    workers->arg = arg;
    workers->slot_count = slot_count;
    (void)pthread_mutex_init(&workers->lock, NULL);
    (void)pthread_cond_init(&workers->changed_for_workers, NULL);
    (void)pthread_cond_init(&workers->changed_for_adder, NULL);
    while (workers->started < count &&
           pthread_create(&workers->threads[workers->started], NULL, run, workers) == 0)
        workers->started++;
    if (workers->started == 0) {
        end_threads(workers);
        return NULL;
    }
    return workers;
}

void tool_workers_add(struct tool_workers *workers, void *job)
{
    struct slot *slot;

    (void)pthread_mutex_lock(&workers->lock);
    while (workers->added - workers->delivered == workers->slot_count)
        (void)pthread_cond_wait(&workers->changed_for_adder, &workers->lock);
    slot = &workers->slots[workers->added++ % workers->slot_count];
    slot->state = SLOT_WAITING;
    slot->job = job;
    (void)pthread_cond_signal(&workers->changed_for_workers);
    (void)pthread_mutex_unlock(&workers->lock);
}

void tool_workers_finish(struct tool_workers *workers)
{
    (void)pthread_mutex_lock(&workers->lock);
    while (workers->delivered < workers->added)
        (void)pthread_cond_wait(&workers->changed_for_adder, &workers->lock);
    (void)pthread_mutex_unlock(&workers->lock);
    end_threads(workers);
}
