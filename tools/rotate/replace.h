/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a new file in another's place: written beside it (sidecar.h has the name), synced, and only
 * then exchanged with it (exchange.h), so that its name always stands for a whole file. It
 * keeps the old one's owner, group, mode (but set-id bits), extended attributes and access control
 * lists, and holes where it has holes. It keeps its times where the length differs; where it does
 * not, the time of change moves on, since a backup that compares lengths and times would never take
 * the new file.
 */
#ifndef ENVELOPE_TOOL_REPLACE_H
#define ENVELOPE_TOOL_REPLACE_H

#include "tools/common/locked_file.h"
#include "tools/common/sidecar.h"

struct tool_replacement {
    const struct tool_locked_file *locked; /* what is replaced: locked */
    int fd;
    off_t written;
    char name[NAME_MAX + 1];
};

/* Removes a new file that an interrupted run left beside the locked one. */
ENV_RESULT tool_replacement_clean_up(const struct tool_locked_file *locked, bool *removed);

/* FILE_UNSAFE when it has other names (hard links), which would go on standing for the old file. */
ENV_RESULT tool_replacement_allowed(const struct tool_locked_file *locked);

/* Makes the new file, when it is allowed, and locks it. FILE_UNSAFE as well when the owner cannot
 * be kept. */
ENV_RESULT tool_replacement_begin(const struct tool_locked_file *locked,
                                  struct tool_replacement *replacement);

ENV_RESULT tool_replacement_append(struct tool_replacement *replacement, struct env_span bytes);

/* Appends what the locked holds from an offset on. */
ENV_RESULT tool_replacement_append_rest(struct tool_replacement *replacement, off_t from);

/* Puts it in the locked's place. To be followed by tool_replacement_end, like everything else. */
ENV_RESULT tool_replacement_commit(struct tool_replacement *replacement);

/* Closes it, and removes it unless it is in its place. */
void tool_replacement_end(struct tool_replacement *replacement);

#endif
