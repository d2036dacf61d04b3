/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/instances.h"

#include <pthread.h>

#include "envelope/base/fork_gate.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct env_provctx *first;

void env_instances_add(struct env_provctx *provctx)
{
    (void)pthread_mutex_lock(&lock);
    provctx->next_instance = first;
    first = provctx;
    (void)pthread_mutex_unlock(&lock);
}

void env_instances_remove(struct env_provctx *provctx)
{
    struct env_provctx **p;

    (void)pthread_mutex_lock(&lock);
    for (p = &first; *p != NULL; p = &(*p)->next_instance) {
        if (*p == provctx) {
            *p = provctx->next_instance;
            break;
        }
    }
    (void)pthread_mutex_unlock(&lock);
}

void env_instances_keep(void)
{
    (void)pthread_mutex_lock(&lock);
    for (struct env_provctx *p = first; p != NULL; p = p->next_instance)
        (void)p->core_provider_up_ref(p->handle, 0);
    (void)pthread_mutex_unlock(&lock);
}

/* Under the lock, so that the instance is not torn down meanwhile. */
void env_instances_raise(enum env_reason reason, const char *file, int line, const char *func)
{
    env_fork_gate_enter();
    (void)pthread_mutex_lock(&lock);
    if (first != NULL)
        (void)env_raise_at(&first->errors, file, line, func, reason, "%s", "");
    (void)pthread_mutex_unlock(&lock);
    env_fork_gate_leave();
}
