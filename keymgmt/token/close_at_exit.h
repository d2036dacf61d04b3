/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes sessions when the process exits or returns from main: some devices keep the sessions of
 * processes that ended. Modules are not finalised then, because that crashes with SoftHSM.
 */
#ifndef ENVELOPE_CLOSE_AT_EXIT_H
#define ENVELOPE_CLOSE_AT_EXIT_H

#include <stdbool.h>

/* One entry of the list of what to close. Initialise with zeros. */
struct env_to_close {
    bool listed;
    struct env_to_close *next;
    void (*close)(struct env_to_close *self);
};

/*
 * Calls close at exit, when modules may still be called and no thread is inside one. Repeated calls
 * have no further effect.
 */
void env_close_at_exit(struct env_to_close *self, void (*close)(struct env_to_close *self));

/* To be called before self is freed. Does nothing if self is not listed. */
void env_close_at_exit_no_more(struct env_to_close *self);

#endif
