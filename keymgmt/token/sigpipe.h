/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a module that writes to a dead connection (p11-kit's client does, when its server is gone)
 * from killing the process: SIGPIPE is held back for the calling thread, and one that came in the
 * meantime is thrown away. The signal goes to the thread that writes, so no other is touched.
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
