/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the program: what a subcommand is, and what it is given. */
#ifndef ENVELOPE_TOOL_RUN_H
#define ENVELOPE_TOOL_RUN_H

#include "envelope/base/json.h"
#include "tools/common/keys.h"
#include "tools/common/options.h"
#include "tools/common/progress.h"
#include "tools/common/status.h"

struct tool_run {
    const struct tool_command *command;
    const struct tool_command *const *commands; /* all that there are, ended by NULL */
    struct tool_options options;
    FILE *out;            /* of results; the null device with --quiet */
    struct env_json json; /* on out, for --json */
    struct tool_progress progress;
    struct tool_keys *keys; /* NULL until tool_run_keys */
    struct tool_keys keys_room;
};

struct tool_command {
    const char *name;
    const char *operands; /* "PATH..." */
    const char *summary;  /* one line */
    const struct tool_option *const
        *tables;         /* of options, ended by NULL, but for the common ones */
    bool needs_operands; /* unless there is --list */
    enum tool_status (*run)(struct tool_run *run);
    /* Of a group, ended by NULL: each has the group's name before its own. It has no run. */
    const struct tool_command *const *actions;
};

/* Opens the configuration and what goes with it; on failure says why, and the status is UNABLE. */
bool tool_run_keys(struct tool_run *run);
/* The same, for who says it otherwise. */
bool tool_run_open_keys(struct tool_run *run, struct tool_failure *failure);

/* Results go to the standard error from now on, unless they go nowhere. */
void tool_run_report_to_stderr(struct tool_run *run);

/* Words about usage and surroundings, to the standard error: "envelope census: ...". */
void tool_complain(const struct tool_run *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
