/* SPDX-License-Identifier: Apache-2.0 */
/* envelope reencrypt: new data keys, and so new bodies: the cure after a data key has leaked. */
#include "tools/rotate/rotate_tree.h"

static enum tool_status run_reencrypt(struct tool_run *run)
{
    if (run->options.list) {
        tool_complain(run, "a sealed key has no body: --list is for rewrap");
        return TOOL_UNABLE;
    }
    return tool_rotate_tree(run, tool_reencrypt_file, "re-encrypted");
}

static const struct tool_option options[] = {
    TOOL_FLAG("dry-run", dry_run, "find out what would be done, and change nothing"),
    TOOL_TEXT("kek", kek, "TEXT", "a label or pkcs11: URI to seal with (else kek in the file)"),
    TOOL_ANY_TEXT("context", context, "TEXT",
                  "the application context of the messages (else context in the file)"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *const tables[] = {options, tool_options_tree, tool_options_config,
                                                   NULL};

const struct tool_command tool_command_reencrypt = {
    .name = "reencrypt",
    .operands = "PATH...",
    .summary = "Encrypts files and trees again under new data keys",
    .tables = tables,
    .needs_operands = true,
    .run = run_reencrypt,
};
