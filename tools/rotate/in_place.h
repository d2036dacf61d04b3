/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces a file's header by another of the same length, and writes nothing else. At any time the
 * file opens as before or as intended, at the latest after tool_in_place_recover: no byte of the
 * file is changed before the journal (journal.h) is on the disk, and the journal stays until the
 * change is on the disk.
 */
#ifndef ENVELOPE_TOOL_IN_PLACE_H
#define ENVELOPE_TOOL_IN_PLACE_H

#include "tools/common/locked_file.h"

/*
 * The file must begin with old_header, and will begin with new_header. It must be locked, and
 * tool_in_place_recover must have been called. If writing fails, the old header is put back; if
 * that fails too, the journal stays.
 */
ENV_RESULT tool_in_place_change(const struct tool_locked_file *locked, struct env_span old_header,
                                struct env_span new_header);

/* Whether a header opens, and if not why. */
typedef ENV_RESULT tool_header_opens_fn(void *arg, struct env_span der);

/*
 * Finishes what an interrupted run left beside the file; *recovered: there was something. A
 * complete header stays, whether it is the old or the new one. A torn one is replaced by the new
 * one if that opens, or else by the old one if that does. The journal is removed only when the file
 * has a complete header on the disk. Otherwise it stays, with an error: FILE_UNSAFE if the journal
 * does not fit the file, or the one from opens.
 */
ENV_RESULT tool_in_place_recover(struct tool_locked_file *locked, tool_header_opens_fn *opens,
                                 void *arg, bool *recovered);

#endif
