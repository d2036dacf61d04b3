/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the program: what a subcommand is, and what it works with. */
#ifndef ENVELOPE_TOOL_RUN_H
#define ENVELOPE_TOOL_RUN_H

#include "envelope/base/json.h"
#include "tools/common/keys.h"
#include "tools/common/options.h"
#include "tools/common/progress.h"
#include "tools/common/status.h"

struct tool_run {
    const struct tool_command *command;
    const struct tool_command *const *commands; /* all subcommands, ends with NULL */
    struct tool_options options;
    FILE *out;            /* for results; the null device with --quiet */
    struct env_json json; /* on out, with --json */
    struct tool_progress progress;
    struct tool_keys *keys; /* NULL before tool_run_keys */
    struct tool_keys keys_room;
};

struct tool_command {
    const char *name;
    const char *operands;                    /* "PATH..." */
    const char *summary;                     /* one line */
    const struct tool_option *const *tables; /* options, ends with NULL; without the common ones */
    bool needs_operands;                     /* except with --list */
    enum tool_status (*run)(struct tool_run *run);
    /*
     * For a group: its actions, ending with NULL. Each name begins with the group's. A group has no
     * run.
     */
    const struct tool_command *const *actions;
};

/* Opens the configuration and what it needs; reports a failure, for which the status is UNABLE. */
bool tool_run_keys(struct tool_run *run);
/* The same for callers that report failures themselves. */
bool tool_run_open_keys(struct tool_run *run, struct tool_failure *failure);

/* Results go to standard error from now on, unless they are discarded. */
void tool_run_report_to_stderr(struct tool_run *run);

/* Reports a problem with usage or environment on standard error: "envelope census: ...". */
void tool_complain(const struct tool_run *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
