/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a sealed file from its beginning to its end, and compares it with what it was made of. */
#ifndef ENVELOPE_TOOL_READ_BACK_H
#define ENVELOPE_TOOL_READ_BACK_H

#include "tools/common/locked_file.h"
#include "tools/common/progress.h"
#include "tools/files/carry.h"

struct tool_read_back {
    const struct env_errors *errors;
    struct tool_carrier *carrier;
    struct tool_progress *progress;
    const struct tool_locked_file *sealed;
    const struct tool_locked_file *plain;
    bool plain_is_file;   /* else there is only its length to compare with */
    uint64_t sealed_from; /* where in its file it begins */
    uint64_t plain_from;
    uint64_t plain_len;
};

/* READ_BACK_DIFFERS, or why it does not open. */
ENV_RESULT tool_read_back(const struct tool_read_back *back);

#endif
