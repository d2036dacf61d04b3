/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static bool is_pending(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static void only_sigpipe(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGPIPE);
}

void env_sigpipe_hold(struct env_sigpipe *held)
{
    sigset_t set;

    only_sigpipe(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, &held->mask);
    /* a signal that was not blocked before cannot have been pending */
    held->was_pending = sigismember(&held->mask, SIGPIPE) == 1 && is_pending();
}

void env_sigpipe_release(const struct env_sigpipe *held)
{
    const struct timespec at_once = {0, 0};
    int saved = errno;
    sigset_t set;

    if (!held->was_pending && is_pending()) {
        only_sigpipe(&set);
        while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
            continue;
    }
    (void)pthread_sigmask(SIG_SETMASK, &held->mask, NULL);
    errno = saved;
}
