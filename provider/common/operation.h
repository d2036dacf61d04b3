/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which callback of libcrypto a thread is in. Errors are raised in a few places far below. They are
 * reported with the callback's file, line and function, so that they show what was called.
 */
#ifndef ENVELOPE_OPERATION_H
#define ENVELOPE_OPERATION_H

struct env_operation {
    const char *file;
    int line;
    const char *func;
    const struct env_operation *outer; /* the enclosing callback: modules may call us again */
};

/* operation must exist until env_operation_end, in the same thread. */
void env_operation_begin(struct env_operation *operation);
void env_operation_end(void);

/* NULL outside of any callback. */
const struct env_operation *env_operation_current(void);

#endif
