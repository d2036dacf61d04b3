/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope reencrypt: new data keys, and therefore new bodies: the remedy after a data key has
 * leaked.
 */
#include "tools/rotate/cmd_reencrypt.h"

#include "tools/rotate/reencrypt_file.h"
#include "tools/rotate/rotate_tree.h"

static enum tool_status run_reencrypt(struct tool_run *run)
{
    static const struct tool_rotate_kind kind = {tool_reencrypt_file, tool_reencrypt_line,
                                                 "re-encrypted", NULL};

    return tool_rotate_tree(run, &kind);
}

static const struct tool_option options[] = {
    TOOL_FLAG("dry-run", dry_run, "report what would be done, and change nothing"),
    TOOL_TEXT("kek", kek, "TEXT", "a label or pkcs11: URI to seal with (default: kek in the file)"),
    TOOL_TEXT("from", from, "TEXT", "a label, id or pkcs11: URI of a KEK that opens in this run"),
    TOOL_ANY_TEXT("context", context, "TEXT",
                  "the application context of the messages (default: context in the file)"),
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
