/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which callback of libcrypto's a thread is in. Errors are raised far below, in a few places for
 * all: their file, line and function are the callback's, so that they show what was called.
 */
#ifndef ENVELOPE_OPERATION_H
#define ENVELOPE_OPERATION_H

struct env_operation {
    const char *file;
    int line;
    const char *func;
    const struct env_operation *outer; /* that one is inside of: modules come back to us */
};

/* It lives until env_operation_end, in the same thread. */
void env_operation_begin(struct env_operation *operation);
void env_operation_end(void);

/* NULL outside of any. */
const struct env_operation *env_operation_current(void);

#endif
