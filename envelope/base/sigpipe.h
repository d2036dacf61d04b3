/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a write to a closed connection from killing the process: p11-kit's client makes one when
 * its server is gone, and the audit log may be a pipe without a reader. SIGPIPE is blocked for the
 * calling thread, and one that arrived meanwhile is discarded. The signal goes to the thread that
 * writes, so no other thread is affected.
 */
#ifndef ENVELOPE_SIGPIPE_H
#define ENVELOPE_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct env_sigpipe {
    sigset_t mask;
    bool was_pending;
};

void env_sigpipe_hold(struct env_sigpipe *held);
void env_sigpipe_release(const struct env_sigpipe *held);

#endif
