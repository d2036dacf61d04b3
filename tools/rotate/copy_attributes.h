/* SPDX-License-Identifier: Apache-2.0 */
/* What a file that takes another's place has to have of it besides its content. */
#ifndef ENVELOPE_TOOL_COPY_ATTRIBUTES_H
#define ENVELOPE_TOOL_COPY_ATTRIBUTES_H

#include "tools/common/locked_file.h"

/* Gives fd the locked's owner and group; FILE_UNSAFE when that is not permitted. */
ENV_RESULT tool_copy_owner(const struct tool_locked_file *locked, int fd);

/*
 * Extended attributes, which access control lists are, then the mode, without set-id bits. An
 * attribute that only the system may set ("security.", "trusted.") is passed over where it is not
 * permitted; any other that cannot be kept is FILE_UNSAFE.
 */
ENV_RESULT tool_copy_attributes(const struct tool_locked_file *locked, int fd);

#endif
