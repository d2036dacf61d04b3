/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces a file by a new one, which is written next to it (sidecar.h has the name), synced, and
 * only then exchanged with it (exchange.h), so that the name always belongs to a complete file. The
 * new file keeps the old one's owner, group, mode (without set-id bits), extended attributes,
 * access control lists and holes. If its length differs, it keeps the times as well. Otherwise the
 * modification time advances, because a backup that compares lengths and times would never copy the
 * new file.
 */
#ifndef ENVELOPE_TOOL_REPLACE_H
#define ENVELOPE_TOOL_REPLACE_H

#include "tools/common/locked_file.h"
#include "tools/common/sidecar.h"

struct tool_replacement {
    const struct tool_locked_file *locked; /* the locked file that is replaced */
    int fd;
    off_t written;
    char name[NAME_MAX + 1];
};

/* Removes a new file that an interrupted run left next to the locked one. */
ENV_RESULT tool_replacement_clean_up(const struct tool_locked_file *locked, bool *removed);

/* FILE_UNSAFE if the file has other names (hard links), which would keep the old content. */
ENV_RESULT tool_replacement_allowed(const struct tool_locked_file *locked);

/*
 * Makes the new file, if that is allowed, and locks it. Also FILE_UNSAFE if the owner cannot be
 * kept.
 */
ENV_RESULT tool_replacement_begin(const struct tool_locked_file *locked,
                                  struct tool_replacement *replacement);

ENV_RESULT tool_replacement_append(struct tool_replacement *replacement, struct env_span bytes);

/* Appends the old file's content from an offset on. */
ENV_RESULT tool_replacement_append_rest(struct tool_replacement *replacement, off_t from);

/* Puts it in the old file's place. tool_replacement_end must follow, as after everything else. */
ENV_RESULT tool_replacement_commit(struct tool_replacement *replacement);

/* Closes the new file, and removes it unless it is in place. */
void tool_replacement_end(struct tool_replacement *replacement);

#endif
