/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a list: a sealed key or a short message (tools/common/row.h). */
#ifndef ENVELOPE_TOOL_ROTATE_LINE_H
#define ENVELOPE_TOOL_ROTATE_LINE_H

#include "tools/common/tree.h"
#include "tools/rotate/new_header.h"

/*
 * *line is the new line, freed with OPENSSL_free; only its message has changed. NULL: it stays the
 * same. LINE_TOO_LONG if the result could not be read again.
 */
typedef ENV_RESULT tool_rotate_line_fn(const struct tool_rotation *rotation,
                                       const struct tool_item *item, char **line, size_t *line_len);

/* Re-wraps its message or sealed key. */
tool_rotate_line_fn tool_rewrap_line;

/* Encrypts its message again, with the row's context. */
tool_rotate_line_fn tool_reencrypt_line;

#endif
