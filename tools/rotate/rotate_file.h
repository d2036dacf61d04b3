/* SPDX-License-Identifier: Apache-2.0 */
/* What re-wrapping (rewrap_file.c) and re-encrypting (reencrypt_file.c) a file have in common. */
#ifndef ENVELOPE_TOOL_ROTATE_FILE_H
#define ENVELOPE_TOOL_ROTATE_FILE_H

#include "tools/common/locked_file.h"
#include "tools/rotate/new_header.h"

enum tool_rotated {
    TOOL_ROTATED_NOT,      /* the header is up to date, as its MAC shows */
    TOOL_ROTATED_IN_PLACE, /* only the header was written */
    TOOL_ROTATED_REPLACED, /* a new file took its place */
};

struct tool_rotated_file {
    enum tool_rotated done; /* in a dry run: what would be done */
    bool recovered;         /* what an interrupted run left was repaired; in a dry run: was found */
};

/* locked names a file that is not open; it is closed again afterwards. */
typedef ENV_RESULT tool_rotate_file_fn(const struct tool_rotation *rotation,
                                       struct tool_locked_file *locked,
                                       struct tool_rotated_file *result);

#endif
