/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of envelope check share, and how each thing that was looked at is told. */
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
    struct tool_settings settings; /* in a library context of its own, for looking at */
    bool unreachable;              /* as the file stands programs do not find the provider */
    uint64_t said[3];              /* by level */
};

/* One thing that was looked at. way_out may be NULL, and may be several lines. */
void tool_check_say(struct tool_check *check, enum tool_check_level level, const char *step,
                    const char *way_out, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* A warning that --quiet does not silence: it goes to stderr then. */
void tool_check_say_loudly(struct tool_check *check, const char *step, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
