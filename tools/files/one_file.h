/* SPDX-License-Identifier: Apache-2.0 */
/* Seals or opens one file or stream, in an order of steps in which nothing can be lost. */
#ifndef ENVELOPE_TOOL_ONE_FILE_H
#define ENVELOPE_TOOL_ONE_FILE_H

#include "tools/common/progress.h"
#include "tools/files/carry.h"

struct tool_one_file {
    /* The task: */
    const struct env_errors *errors;
    struct tool_carrier *carrier;
    struct tool_progress *progress;
    bool sealing;
    bool again;         /* seal files again that are already sealed */
    bool read_back;     /* open a sealed file before it gets its name */
    bool force;         /* replace a file that has the output's name */
    bool remove_source; /* afterwards; fails first if that would not be possible */
    const char *path;   /* the input: NULL or a name for standard input */
    const char *output;
    /* The result: */
    uint64_t plain_len;
    uint64_t sealed_len;
    bool reading_back; /* reading back failed */
    bool was_read_back;
    bool placed;  /* the output is complete, even if something failed later */
    bool removed; /* the source was removed */
};

/*
 * Reads the input, writes the output under a temporary name, syncs it, reads it back and renames
 * it. Then removes the source if requested. On failure the source still exists, and the output does
 * not, unless it is a stream.
 */
ENV_RESULT tool_one_file(struct tool_one_file *one);

#endif
