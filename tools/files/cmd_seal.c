/* SPDX-License-Identifier: Apache-2.0 */
/* envelope seal: files and streams become messages. */
#include "tools/files/cmd_seal.h"

#include "tools/files/files_run.h"

static enum tool_status run_seal(struct tool_run *run)
{
    return tool_files_run(run, true);
}

static const struct tool_option options[] = {
    TOOL_TEXT("kek", kek, "TEXT", "a label or pkcs11: URI to seal with (default: kek in the file)"),
    TOOL_FLAG("again", again, "seal files again that are already sealed"),
    TOOL_FLAG("no-read-back", no_read_back,
              "do not open what was sealed, if the key to open it is absent (a KEK's public half)"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_files, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_seal = {
    .name = "seal",
    .operands = "[FILE...]",
    .summary = "Seals files, or the standard input, and reads back what it wrote",
    .tables = tables,
    .run = run_seal,
};
