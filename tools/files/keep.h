/* SPDX-License-Identifier: Apache-2.0 */
/* What a new file has of the one that it was made of, besides its content. */
#ifndef ENVELOPE_TOOL_KEEP_H
#define ENVELOPE_TOOL_KEEP_H

#include "tools/files/input.h"

/*
 * Of a regular file: mode (but set-id bits), times, extended attributes and access control lists,
 * and the owner and group where this user may set them. Where the group cannot be kept, the new
 * file gives its own no more than it gives everybody; where attributes cannot, on another file
 * system, none to anybody but the owner. FILE_UNSAFE where they cannot on the same one. What is
 * made of a stream, or of the standard input, is like any new file of this user.
 */
ENV_RESULT tool_keep_of_input(const struct tool_input *input, int fd);

#endif
