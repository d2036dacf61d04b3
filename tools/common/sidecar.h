/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names beside a file that a change of it needs for a moment, and that an interrupted change
 * leaves: the journal (journal.h), the new file (replace.h) and the record of an exchange
 * (exchange.h); and what seal and open make, until it is whole (output.h).
 * ".NAME.envelope-journal", ".NAME.envelope-new", ".NAME.envelope-exchange" and
 * ".NAME.envelope-part"; where that would be too long, ".envelope-journal.HASH" and so on. They
 * follow from the file's name alone, so that whoever holds the file's lock may use and remove them,
 * and the next run finds them.
 */
#ifndef ENVELOPE_TOOL_SIDECAR_H
#define ENVELOPE_TOOL_SIDECAR_H

#include <limits.h>

#include "tools/common/locked_file.h"

enum tool_sidecar {
    TOOL_SIDECAR_NONE,
    TOOL_SIDECAR_JOURNAL,
    TOOL_SIDECAR_NEW,
    TOOL_SIDECAR_EXCHANGE, /* a symbolic link: exchange.h */
    TOOL_SIDECAR_PART,     /* what is being made, of a file that need not be there yet: output.h */
    TOOL_SIDECARS,
};

ENV_RESULT tool_sidecar_name(const struct tool_locked_file *locked, enum tool_sidecar kind,
                             char name[NAME_MAX + 1]);

/* Which of them a name in a directory is. */
enum tool_sidecar tool_sidecar_kind(const char *name);

/*
 * Whether the file that a sidecar belongs to is in its directory: what treats that file treats the
 * sidecar. dir is not moved.
 */
bool tool_sidecar_has_file(int dir, const char *name);

/* Removes one; it is not a failure if there is none. *removed says whether there was one. */
ENV_RESULT tool_sidecar_remove(const struct tool_locked_file *locked, enum tool_sidecar kind,
                               bool *removed);

#endif
