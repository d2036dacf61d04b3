/* SPDX-License-Identifier: Apache-2.0 */
/* The first bytes of an input, which show what it is. */
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
    TOOL_HEAD_SEALED, /* it begins with a header of ours */
    TOOL_HEAD_BASE64, /* the same in base64 */
};

/* Reads as much as it takes to tell. */
ENV_RESULT tool_head_fill(struct tool_head *head, struct tool_input *input, enum tool_head_is *is);

/* The bytes read first, and then the rest of the input. */
ENV_RESULT tool_head_read_some(struct tool_head *head, struct tool_input *input, uint8_t *to,
                               size_t size, size_t *got);

/*
 * The same of what is to be sealed. Of a stream whole segments' worth of bytes, except at the end:
 * such are sealed in their place, and nothing could leave earlier.
 */
ENV_RESULT tool_head_read(struct tool_head *head, struct tool_input *input, uint8_t *to,
                          size_t size, size_t *got);

#endif
