/* SPDX-License-Identifier: Apache-2.0 */
/* One file or stream, sealed or opened: what is done in which order, so that nothing is lost. */
#ifndef ENVELOPE_TOOL_ONE_FILE_H
#define ENVELOPE_TOOL_ONE_FILE_H

#include "tools/common/progress.h"
#include "tools/files/carry.h"

struct tool_one_file {
    /* What is to be done. */
    const struct env_errors *errors;
    struct tool_carrier *carrier;
    struct tool_progress *progress;
    bool sealing;
    bool again;         /* already sealed files are sealed once more */
    bool read_back;     /* a sealed file is opened before it gets its name */
    bool force;         /* what has the output's name is replaced */
    bool remove_source; /* afterwards; nothing is done where that would not be possible */
    const char *path;   /* the input: NULL or a name of the standard input */
    const char *output;
    /* What came of it. */
    uint64_t plain_len;
    uint64_t sealed_len;
    bool reading_back; /* that failed */
    bool was_read_back;
    bool placed;  /* the output is complete, whatever failed afterwards */
    bool removed; /* the source */
};

/*
 * Reads the input, writes the output beside its name, has the disk write it, reads it back, and
 * gives it its name; and then removes the source if requested. On failure the output does not
 * exist, unless it is a stream, and the source does.
 */
ENV_RESULT tool_one_file(struct tool_one_file *one);

#endif
