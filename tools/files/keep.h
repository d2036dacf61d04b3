/* SPDX-License-Identifier: Apache-2.0 */
/* What a new file takes over from its source, besides the content. */
#ifndef ENVELOPE_TOOL_KEEP_H
#define ENVELOPE_TOOL_KEEP_H

#include "tools/files/input.h"

/*
 * From a regular file: its mode (without set-id bits), times, extended attributes and access
 * control lists, and the owner and group if this user may set them. If the group cannot be kept,
 * the new file's group gets no more access than everybody. If attributes cannot be kept on another
 * file system, only the owner gets access; on the same file system that is FILE_UNSAFE. The output
 * of a stream or of standard input is like any new file of this user.
 */
ENV_RESULT tool_keep_of_input(const struct tool_input *input, int fd);

#endif
