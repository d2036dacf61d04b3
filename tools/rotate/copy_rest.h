/* SPDX-License-Identifier: Apache-2.0 */
/* Copies the end of a file to another: in the kernel if possible, and keeping holes. */
#ifndef ENVELOPE_TOOL_COPY_REST_H
#define ENVELOPE_TOOL_COPY_REST_H

#include "tools/common/locked_file.h"

/* Copies the file from one offset on to fd at another offset, where fd's file then ends. */
ENV_RESULT tool_copy_rest(const struct tool_locked_file *locked, off_t from, int fd, off_t to);

#endif
