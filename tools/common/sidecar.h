/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files beside a file that exist while it is being changed, and that an interrupted change
 * leaves behind: the journal (journal.h), the new file (replace.h), the record of an exchange
 * (exchange.h), and the unfinished output of seal and open (output.h). Their names are
 * ".NAME.envelope-journal", ".NAME.envelope-new", ".NAME.envelope-exchange" and
 * ".NAME.envelope-part", or, if that would be too long, ".envelope-journal.HASH" and so on. They
 * depend only on the file's name, so that the holder of the file's lock may use and remove them,
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
    TOOL_SIDECAR_PART,     /* unfinished output, for a file that may not exist yet: output.h */
    TOOL_SIDECARS,
};

ENV_RESULT tool_sidecar_name(const struct tool_locked_file *locked, enum tool_sidecar kind,
                             char name[NAME_MAX + 1]);

/* Which kind of sidecar a name in a directory is. */
enum tool_sidecar tool_sidecar_kind(const char *name);

/*
 * Whether the file that a sidecar belongs to is in the directory: whatever processes that file
 * handles the sidecar. The position of dir does not change.
 */
bool tool_sidecar_has_file(int dir, const char *name);

/* Removes one; it is not a failure if there is none. *removed: there was one. */
ENV_RESULT tool_sidecar_remove(const struct tool_locked_file *locked, enum tool_sidecar kind,
                               bool *removed);

#endif
