/* SPDX-License-Identifier: Apache-2.0 */
/* The first bytes of an input, which show what kind of data it is. */
#ifndef ENVELOPE_TOOL_HEAD_H
#define ENVELOPE_TOOL_HEAD_H

#include "envelope/message/dek.h"
#include "tools/files/input.h"

#define TOOL_HEAD_ROOM (ENV_HEADER_MAX + 4096u)

struct tool_head {
    size_t len;
    size_t given;
    uint8_t bytes[TOOL_HEAD_ROOM];
};

enum tool_head_is {
    TOOL_HEAD_OTHER,
    TOOL_HEAD_SEALED, /* begins with a header of ours */
    TOOL_HEAD_BASE64, /* the same in base64 */
};

/* Reads enough to find out. */
ENV_RESULT tool_head_fill(struct tool_head *head, struct tool_input *input, enum tool_head_is *is);

/* Returns the bytes that were read first, and then the rest of the input. */
ENV_RESULT tool_head_read_some(struct tool_head *head, struct tool_input *input, uint8_t *to,
                               size_t size, size_t *got);

/*
 * The same for input to be sealed. From a stream, returns whole segments, except at the end: these
 * can be sealed in place, and waiting for them delays no output.
 */
ENV_RESULT tool_head_read(struct tool_head *head, struct tool_input *input, uint8_t *to,
                          size_t size, size_t *got);

#endif
