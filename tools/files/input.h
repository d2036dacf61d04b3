/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed or opened: a file, or a stream (a pipe, a device, a terminal). */
#ifndef ENVELOPE_TOOL_INPUT_H
#define ENVELOPE_TOOL_INPUT_H

#include <limits.h>

#include "tools/common/locked_file.h"

struct tool_input {
    /* Not locked: it is only read. dir is -1 of the standard input. */
    struct tool_locked_file file;
    char name[NAME_MAX + 1];
    bool standard; /* the standard input */
    bool regular;  /* it has a size and places, and its end may be waited for */
    bool link;     /* the name is a symbolic link: what it leads to is read */
    uint64_t from; /* of a regular one: where it begins for us */
    uint64_t at;   /* how far it was read */
};

/* Whether a name stands for the standard input: NULL, "-" and "/dev/stdin". */
bool tool_input_is_standard(const char *path);

/* FILE_FAILED, FILE_UNSAFE for a directory. To be followed by tool_input_close in either case. */
ENV_RESULT tool_input_open(const struct env_errors *errors, const char *path,
                           struct tool_input *input);
void tool_input_close(struct tool_input *input);

/* The next bytes, of a stream those that are there; *got is 0 at the end. */
ENV_RESULT tool_input_read(struct tool_input *input, uint8_t *to, size_t size, size_t *got);

/* FILE_CHANGED unless a regular one is as it was when it was opened. */
ENV_RESULT tool_input_unchanged(const struct tool_input *input);

/* Whether it could be removed: SOURCE_STAYS for a stream, a link, and what has other names. */
ENV_RESULT tool_input_removable(const struct tool_input *input);

/* Removes it, unless it has changed, or something else has its name. */
ENV_RESULT tool_input_remove(const struct tool_input *input);

#endif
