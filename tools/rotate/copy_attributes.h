/* SPDX-License-Identifier: Apache-2.0 */
/* What a replacement must take over from the old file, besides its content. */
#ifndef ENVELOPE_TOOL_COPY_ATTRIBUTES_H
#define ENVELOPE_TOOL_COPY_ATTRIBUTES_H

#include "tools/common/locked_file.h"

/* Gives fd the file's owner and group. Fails with FILE_UNSAFE if that is not permitted. */
ENV_RESULT tool_copy_owner(const struct tool_locked_file *locked, int fd);

/*
 * Copies the extended attributes, including access control lists, and then the mode without set-id
 * bits. An attribute that only the system may set ("security.", "trusted.") is skipped if it is not
 * permitted; any other that cannot be kept is FILE_UNSAFE.
 */
ENV_RESULT tool_copy_attributes(const struct tool_locked_file *locked, int fd);

#endif
