/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a change of header in place: a file beside the changed one (sidecar.h has its
 * name), with both headers and what identifies the file. It is complete and on the disk before the
 * first byte of the file changes, and is removed when the change is on the disk.
 *
 *   "envelope journal", version 1          16 + 4 bytes
 *   length of the journal, of a header, of what follows the header, of the name   4 bytes each
 *   length of the file                      8
 *   old header, new header                  of that length, the same for both
 *   what follows the header in the file     up to 128: FLOE's header, unique to each message
 *   the file's name
 *   SHA-256 of all of the above             32
 *
 * Numbers are big-endian. The journal contains nothing that the file's headers do not show.
 */
#ifndef ENVELOPE_TOOL_JOURNAL_H
#define ENVELOPE_TOOL_JOURNAL_H

#include "tools/common/locked_file.h"

struct tool_journal {
    uint8_t *bytes; /* the spans below point into it */
    size_t len;
    uint64_t file_size;
    struct env_span old_header;
    struct env_span new_header;
    struct env_span after;
    struct env_span name;
};

enum tool_journal_state {
    TOOL_JOURNAL_NONE,
    TOOL_JOURNAL_DAMAGED, /* incomplete, or changed since it was written */
    TOOL_JOURNAL_WHOLE,
};

/*
 * Writes the journal, and syncs it and the directory; on failure none is left. Both headers must
 * have the same length. FILE_FAILED if there is one already: see tool_in_place_recover.
 */
ENV_RESULT tool_journal_write(const struct tool_locked_file *locked, struct env_span old_header,
                              struct env_span new_header);

/* Reads it, if there is one. FILE_UNSAFE if it is not ours. */
ENV_RESULT tool_journal_read(const struct tool_locked_file *locked, struct tool_journal *journal,
                             enum tool_journal_state *state);
void tool_journal_clear(struct tool_journal *journal);

/* What the file has in place of its header, compared with the journal. */
enum tool_journal_match {
    TOOL_JOURNAL_OTHER, /* neither: the journal belongs to another file */
    TOOL_JOURNAL_OLD,
    TOOL_JOURNAL_NEW,
    TOOL_JOURNAL_TORN, /* some bytes of each */
};

ENV_RESULT tool_journal_compare(const struct tool_locked_file *locked,
                                const struct tool_journal *journal, enum tool_journal_match *match);

/* Removes it and syncs the directory. */
ENV_RESULT tool_journal_remove(const struct tool_locked_file *locked);

#endif
