/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a sealed file from beginning to end, and compares it with its source. */
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
    bool plain_is_file;   /* otherwise only the length can be compared */
    uint64_t sealed_from; /* the offset in its file */
    uint64_t plain_from;
    uint64_t plain_len;
};

/* Fails with READ_BACK_DIFFERS, or with the reason why it does not open. */
ENV_RESULT tool_read_back(const struct tool_read_back *back);

#endif
