/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts another header of the same length into a file, and writes nothing but that. Whatever happens
 * on the way, the file opens afterwards as it did or as it is to, after at most
 * tool_in_place_recover: until the journal (journal.h) is on the disk no byte of the file has
 * changed, and until the change is on the disk the journal stays.
 */
#ifndef ENVELOPE_TOOL_IN_PLACE_H
#define ENVELOPE_TOOL_IN_PLACE_H

#include "tools/common/locked_file.h"

/*
 * The file begins with old_header and is to begin with new_header. The locked is locked, and
 * tool_in_place_recover was called. When writing fails the old header is put back; where not even
 * that can be done the journal stays.
 */
ENV_RESULT tool_in_place_change(const struct tool_locked_file *locked, struct env_span old_header,
                                struct env_span new_header);

/* Whether a header opens, and if not why. */
typedef ENV_RESULT tool_header_opens_fn(void *arg, struct env_span der);

/*
 * Finishes what an interrupted run left beside the file; *recovered says whether there was
 * anything. A header that is whole stays, be it the old or the new one; a torn one becomes the new
 * one when that opens, else the old one when that does. The journal goes only when the file has a
 * header that is on the disk and whole, and stays with an error when that cannot be had:
 * FILE_UNSAFE for a journal that does not fit the file, and what opens says.
 */
ENV_RESULT tool_in_place_recover(struct tool_locked_file *locked, tool_header_opens_fn *opens,
                                 void *arg, bool *recovered);

#endif
