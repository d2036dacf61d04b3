/* SPDX-License-Identifier: Apache-2.0 */
/* One file that is re-wrapped (rewrap_file.c) or re-encrypted (reencrypt_file.c). */
#ifndef ENVELOPE_TOOL_ROTATE_FILE_H
#define ENVELOPE_TOOL_ROTATE_FILE_H

#include "tools/rotate/new_header.h"
#include "tools/common/locked_file.h"

enum tool_rotated {
    TOOL_ROTATED_NOT,      /* the header is today's already, as its MAC shows */
    TOOL_ROTATED_IN_PLACE, /* the header alone was written */
    TOOL_ROTATED_REPLACED, /* a new file took its place */
};

struct tool_rotated_file {
    enum tool_rotated done; /* in a dry run: what would be done */
    bool recovered;         /* a broken-off run had left something, which was put right; in a dry
                               run: it is there */
};

/* target names the file and is not open; it is closed again. */
typedef ENV_RESULT tool_rotate_fn(const struct tool_rotation *rotation, struct tool_target *target,
                                  struct tool_rotated_file *result);

/* Gives it a header for today's KEKs. */
tool_rotate_fn tool_rewrap_file;

/*
 * Gives a message a new DEK, under today's KEKs: its body is opened and sealed again, segment by
 * segment in secret memory, into a new file. What does not verify ends it, and the file stays as it
 * was. WRONG_CONTENT for a sealed key.
 */
tool_rotate_fn tool_reencrypt_file;

/*
 * How both begin: opens the target, locked, and puts right what a broken-off run left. In a dry run
 * it is opened to read, and only looked for.
 */
ENV_RESULT tool_rotate_open(const struct tool_rotation *rotation, struct tool_target *target,
                            bool *recovered);

#endif
