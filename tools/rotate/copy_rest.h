/* SPDX-License-Identifier: Apache-2.0 */
/* Copies the end of a file into another: by the kernel where it can, and holes as holes. */
#ifndef ENVELOPE_TOOL_COPY_REST_H
#define ENVELOPE_TOOL_COPY_REST_H

#include "tools/common/locked_file.h"

/* What locked holds from an offset on goes to fd from another, whose file then ends there. */
ENV_RESULT tool_copy_rest(const struct tool_locked_file *locked, off_t from, int fd, off_t to);

#endif
