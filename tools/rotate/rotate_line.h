/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a list: a sealed key or a short message in base64. */
#ifndef ENVELOPE_TOOL_ROTATE_LINE_H
#define ENVELOPE_TOOL_ROTATE_LINE_H

#include "tools/rotate/new_header.h"
#include "tools/common/tree.h"

/*
 * Re-wraps the item's bytes. *line is the line as it is to be, with the blanks at its ends that it
 * had, and freed with OPENSSL_free; NULL when it is to stay as it is. LINE_TOO_LONG where no list
 * could be read that has it.
 */
ENV_RESULT tool_rewrap_line(const struct tool_rotation *rotation, const struct tool_item *item,
                            char **line, size_t *line_len);

#endif
