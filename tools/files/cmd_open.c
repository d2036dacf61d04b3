/* SPDX-License-Identifier: Apache-2.0 */
/* envelope open: messages become files and streams again. */
#include "tools/files/cmd_open.h"

#include "tools/files/files_run.h"

static enum tool_status run_open(struct tool_run *run)
{
    return tool_files_run(run, false);
}

static const struct tool_option options[] = {
    TOOL_TEXT("from", from, "TEXT", "a label, id or pkcs11: URI of a KEK that opens in this run"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_files, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_open = {
    .name = "open",
    .operands = "[FILE...]",
    .summary = "Opens sealed files, or the standard input",
    .tables = tables,
    .run = run_open,
};
