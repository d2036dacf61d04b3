/* SPDX-License-Identifier: Apache-2.0 */
/* The input to seal or open: a file, or a stream (a pipe, device or terminal). */
#ifndef ENVELOPE_TOOL_INPUT_H
#define ENVELOPE_TOOL_INPUT_H

#include <limits.h>

#include "tools/common/locked_file.h"

struct tool_input {
    /* Not locked, because it is only read. For standard input, dir is -1. */
    struct tool_locked_file file;
    char name[NAME_MAX + 1];
    bool standard; /* it is standard input */
    bool regular;  /* it has a size and can be read at any offset */
    bool link;     /* the name is a symbolic link, and its target is read */
    uint64_t from; /* for a regular file: the offset at which our input begins */
    uint64_t at;   /* how far it has been read */
};

/* Whether a name means standard input: NULL, "-" and "/dev/stdin". */
bool tool_input_is_standard(const char *path);

/*
 * Fails with FILE_FAILED, or FILE_UNSAFE for a directory. tool_input_close must follow in either
 * case.
 */
ENV_RESULT tool_input_open(const struct env_errors *errors, const char *path,
                           struct tool_input *input);
void tool_input_close(struct tool_input *input);

/* Reads the next bytes, from a stream those that are available; *got is 0 at the end. */
ENV_RESULT tool_input_read(struct tool_input *input, uint8_t *to, size_t size, size_t *got);

/* FILE_CHANGED if a regular file has changed since it was opened. */
ENV_RESULT tool_input_unchanged(const struct tool_input *input);

/* Whether it may be removed. SOURCE_STAYS for a stream, a link, and a file with other names. */
ENV_RESULT tool_input_removable(const struct tool_input *input);

/* Removes it, unless it has changed, or another file has its name. */
ENV_RESULT tool_input_remove(const struct tool_input *input);

#endif
