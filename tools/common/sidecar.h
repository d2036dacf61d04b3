/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names beside a file that a change of it needs for a moment, and that a broken-off one leaves:
 * the journal (journal.h) and the new file (replace.h). ".NAME.envelope-journal" and
 * ".NAME.envelope-new"; where that would be too long, ".envelope-journal.HASH" and
 * ".envelope-new.HASH". They follow from the file's name alone, so that whoever holds the file's
 * lock may use and remove them, and the next run finds them.
 */
#ifndef ENVELOPE_TOOL_LEFTOVER_H
#define ENVELOPE_TOOL_LEFTOVER_H

#include <limits.h>

#include "tools/common/locked_file.h"

enum tool_leftover {
    TOOL_LEFTOVER_NONE,
    TOOL_LEFTOVER_JOURNAL,
    TOOL_LEFTOVER_NEW,
};

ENV_RESULT tool_leftover_name(const struct tool_target *target, enum tool_leftover kind,
                              char name[NAME_MAX + 1]);

/* Which of the two a name in a directory is. */
enum tool_leftover tool_leftover_kind(const char *name);

/*
 * Whether the file that a leftover belongs to is in its directory: what treats that file treats the
 * leftover. dir is not moved.
 */
bool tool_leftover_has_file(int dir, const char *name);

/* Removes one; that there is none is no failure. *removed says whether there was. */
ENV_RESULT tool_leftover_remove(const struct tool_target *target, enum tool_leftover kind,
                                bool *removed);

#endif
