/* SPDX-License-Identifier: Apache-2.0 */
/* envelope rewrap: headers for today's KEKs; bodies stay as they are. */
#include "tools/rotate/rotate_tree.h"

static enum tool_status run_rewrap(struct tool_run *run)
{
    return tool_rotate_tree(run, tool_rewrap_file, "re-wrapped");
}

static const struct tool_option options[] = {
    TOOL_FLAG("dry-run", dry_run, "find out what would be done, and change nothing"),
    TOOL_TEXT("kek", kek, "TEXT", "a label or pkcs11: URI to wrap under (else kek in the file)"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_tree, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_rewrap = {
    .name = "rewrap",
    .operands = "PATH...",
    .summary = "Wraps the data keys of files and trees under today's KEKs, in place",
    .tables = tables,
    .needs_operands = true,
    .run = run_rewrap,
};
