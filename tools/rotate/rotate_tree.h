/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rewrap and reencrypt have in common: processing every file of the operands, and reporting.
 */
#ifndef ENVELOPE_TOOL_ROTATE_TREE_H
#define ENVELOPE_TOOL_ROTATE_TREE_H

#include "tools/rotate/rotate_file.h"
#include "tools/rotate/rotate_line.h"

struct tool_rotate_kind {
    tool_rotate_file_fn *file;
    tool_rotate_line_fn *line;
    const char *participle;                 /* "re-wrapped" */
    const struct tool_tenant_keys *tenants; /* or NULL */
};

/* Processes every file, or with --list every line. */
enum tool_status tool_rotate_tree(struct tool_run *run, const struct tool_rotate_kind *kind);

#endif
