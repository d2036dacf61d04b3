/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/close_at_exit.h"

#include <pthread.h>
#include <stddef.h>

#include "keymgmt/token/module_call.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct env_to_close *first;

static void close_all(void)
{
    if (pthread_mutex_trylock(&lock) != 0)
        return;
    for (struct env_to_close *each = first; each != NULL; each = each->next)
        each->close(each);
    (void)pthread_mutex_unlock(&lock);
}

void env_close_at_exit(struct env_to_close *self, void (*close)(struct env_to_close *self))
{
    (void)pthread_mutex_lock(&lock);
    self->close = close;
    if (!self->listed) {
        self->listed = true;
        self->next = first;
        first = self;
    }
    (void)pthread_mutex_unlock(&lock);
    env_token_at_exit(close_all);
}

void env_close_at_exit_no_more(struct env_to_close *self)
{
    struct env_to_close **at = &first;

    (void)pthread_mutex_lock(&lock);
    while (*at != NULL && *at != self)
        at = &(*at)->next;
    if (*at != NULL)
        *at = (*at)->next;
    (void)pthread_mutex_unlock(&lock);
}
