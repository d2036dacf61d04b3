/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is closed when the process ends by exit or by returning from main, for devices that keep the
 * sessions of processes that ended. Modules are not finalised there: that crashes with SoftHSM.
 */
#ifndef ENVELOPE_CLOSE_AT_EXIT_H
#define ENVELOPE_CLOSE_AT_EXIT_H

#include <stdbool.h>

/* Part of what is to be closed; begins as zeros. */
struct env_to_close {
    bool listed;
    struct env_to_close *next;
    void (*close)(struct env_to_close *self);
};

/* close is called once at exit, while modules may still be called and nobody is inside one. More
 * than once is as good as once. */
void env_close_at_exit(struct env_to_close *self, void (*close)(struct env_to_close *self));

/* Before it is freed; does nothing for one that is not listed. */
void env_close_at_exit_no_more(struct env_to_close *self);

#endif
