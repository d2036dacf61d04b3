/* SPDX-License-Identifier: Apache-2.0 */
/* The exit statuses of all subcommands, on which programs may rely (docs/envelope.1). */
#ifndef ENVELOPE_TOOL_STATUS_H
#define ENVELOPE_TOOL_STATUS_H

enum tool_status {
    TOOL_FINE = 0,   /* everything is well */
    TOOL_WRONG = 1,  /* something is not: a file that does not open, a KEK that fails */
    TOOL_UNABLE = 2, /* nothing could be checked: usage, configuration, output */
};

static inline enum tool_status tool_worse(enum tool_status a, enum tool_status b)
{
    return a > b ? a : b;
}

#endif
