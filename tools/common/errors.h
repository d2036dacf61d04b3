/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's errors in a program that does not load the provider: they are put on OpenSSL's
 * stack and reported from there.
 */
#ifndef ENVELOPE_TOOL_ERRORS_H
#define ENVELOPE_TOOL_ERRORS_H

#include "envelope/base/error.h"

#define TOOL_FAILURE_TEXT 1024u

/* A failure to report: the reason's text and the details. */
struct tool_failure {
    enum env_reason reason; /* ENV_R_NONE: not one of the provider's, for example an errno */
    char text[TOOL_FAILURE_TEXT];
};

/* An error sink for the calling thread's stack. */
struct env_errors tool_errors(void);

/* Takes r with its details from this thread's stack, which is empty afterwards. */
void tool_failure_take(ENV_RESULT r, struct tool_failure *failure);

/* Sets a failure that is not one of the provider's. */
void tool_failure_set(struct tool_failure *failure, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
