/* SPDX-License-Identifier: Apache-2.0 */
/* What rewrap and reencrypt have in common: every file of the operands, and what is told of it. */
#ifndef ENVELOPE_TOOL_ROTATE_TREE_H
#define ENVELOPE_TOOL_ROTATE_TREE_H

#include "tools/rotate/rotate_file.h"
#include "tools/common/run.h"

/* Does it to every file, or with --list to every line. participle: "re-wrapped". */
enum tool_status tool_rotate_tree(struct tool_run *run, tool_rotate_fn *rotate,
                                  const char *participle);

#endif
