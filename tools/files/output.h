/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output: a stream or a file. A file is first written as ".NAME.envelope-part" (sidecar.h),
 * locked and accessible to its owner only. It gets its name when it is complete and synced, so the
 * name never belongs to an incomplete file, whatever ends the program. The next run removes a
 * temporary file that an interrupted run left.
 */
#ifndef ENVELOPE_TOOL_OUTPUT_H
#define ENVELOPE_TOOL_OUTPUT_H

#include <limits.h>

#include "tools/common/locked_file.h"
#include "tools/files/input.h"

struct tool_output {
    struct tool_locked_file file; /* the folder and the name; fd is the new file or the stream */
    char name[NAME_MAX + 1];
    char part[NAME_MAX + 1]; /* the temporary name; "": none (any more) */
    bool standard;           /* it is standard output */
    bool stream;
    bool force;  /* an existing file may be replaced */
    bool placed; /* the file has its final name */
    uint64_t written;
};

/* Whether a name means standard output: "-" and "/dev/stdout". */
bool tool_output_is_standard(const char *path);

/*
 * Checks for an existing file with the name, and makes the temporary file. Fails with
 * OUTPUT_EXISTS, OUTPUT_IS_INPUT, FILE_UNSAFE if the existing file cannot be replaced, or
 * FILE_LOCKED if another run is making the same output. tool_output_end must follow in either case.
 */
ENV_RESULT tool_output_begin(const struct env_errors *errors, const char *path, bool force,
                             const struct tool_input *input, struct tool_output *output);

ENV_RESULT tool_output_append(struct tool_output *output, struct env_span bytes);

/*
 * To be called when everything is written. Takes over owner, mode, times and attributes if the
 * input is a file, and syncs. From then on it can be read back through output->file.
 */
ENV_RESULT tool_output_complete(struct tool_output *output, const struct tool_input *input);

/* Gives a file its final name. Does nothing for a stream. */
ENV_RESULT tool_output_place(struct tool_output *output, const struct tool_input *input);

/* Closes it, and removes the file unless it has its final name. */
void tool_output_end(struct tool_output *output);

#endif
