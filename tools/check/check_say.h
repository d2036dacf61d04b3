/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of envelope check share, and how each finding is reported. */
#ifndef ENVELOPE_TOOL_CHECK_SAY_H
#define ENVELOPE_TOOL_CHECK_SAY_H

#include "tools/common/run.h"

enum tool_check_level {
    TOOL_CHECK_OK,
    TOOL_CHECK_WARNING,
    TOOL_CHECK_FAILED,
};

struct tool_check {
    struct tool_run *run;
    struct tool_settings settings; /* in a library context of its own, to inspect */
    bool unreachable;              /* with this file, programs do not find the provider */
    uint64_t said[3];              /* number of findings, by level */
};

/* Reports one finding. way_out may be NULL, and may have several lines. */
void tool_check_say(struct tool_check *check, enum tool_check_level level, const char *step,
                    const char *way_out, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* A warning that --quiet does not suppress: it goes to stderr then. */
void tool_check_say_loudly(struct tool_check *check, const char *step, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
