/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where what is made goes: a stream, or a file. A file is written beside its name first, as
 * ".NAME.envelope-part" (sidecar.h), by its owner alone to be read and locked. It gets its name
 * when it is complete and on the disk, so the name never stands for half a file, whatever ends the
 * program. The next run removes a file that an interrupted run left under that other name.
 */
#ifndef ENVELOPE_TOOL_OUTPUT_H
#define ENVELOPE_TOOL_OUTPUT_H

#include <limits.h>

#include "tools/common/locked_file.h"
#include "tools/files/input.h"

struct tool_output {
    struct tool_locked_file
        file; /* the folder and the name; fd is the new file's, or the stream's */
    char name[NAME_MAX + 1];
    char part[NAME_MAX + 1]; /* "": there is none (any more) */
    bool standard;           /* the standard output */
    bool stream;
    bool force;  /* what has the name may be replaced */
    bool placed; /* a file that has its name */
    uint64_t written;
};

/* Whether a name stands for the standard output: "-" and "/dev/stdout". */
bool tool_output_is_standard(const char *path);

/*
 * Looks at what has the name, and makes the part. OUTPUT_EXISTS; OUTPUT_IS_INPUT; FILE_UNSAFE when
 * it cannot be replaced by a file; FILE_LOCKED when another run is making that file now. To be
 * followed by tool_output_end in either case.
 */
ENV_RESULT tool_output_begin(const struct env_errors *errors, const char *path, bool force,
                             const struct tool_input *input, struct tool_output *output);

ENV_RESULT tool_output_append(struct tool_output *output, struct env_span bytes);

/*
 * All has been written: the owner, mode, times and attributes of the input if that is a file, and
 * onto the disk. From here on it is to be read back by output->file.
 */
ENV_RESULT tool_output_complete(struct tool_output *output, const struct tool_input *input);

/* Gives it its name. A stream has nothing to be given. */
ENV_RESULT tool_output_place(struct tool_output *output, const struct tool_input *input);

/* Closes it, and removes the file unless it has its final name. */
void tool_output_end(struct tool_output *output);

#endif
