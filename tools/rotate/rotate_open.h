/* SPDX-License-Identifier: Apache-2.0 */
/* The first steps of re-wrapping and re-encrypting. */
#ifndef ENVELOPE_TOOL_ROTATE_OPEN_H
#define ENVELOPE_TOOL_ROTATE_OPEN_H

#include "tools/common/locked_file.h"
#include "tools/common/message.h"
#include "tools/rotate/new_header.h"

/*
 * Opens and locks the file, and repairs what an interrupted run left. A dry run opens it for
 * reading, and only looks for temporary files.
 */
ENV_RESULT tool_rotate_open(const struct tool_rotation *rotation, struct tool_locked_file *locked,
                            bool *recovered);

/*
 * Reads the data from the beginning of a descriptor, or from memory if fd is -1. *message is freed
 * with OPENSSL_free. Fails with NOT_A_MESSAGE or another judgement of its bytes, MESSAGE_IN_BASE64,
 * or TRUNCATED and the like if its end is missing.
 */
ENV_RESULT tool_rotate_read(const struct env_errors *errors, int fd, struct env_span memory,
                            struct tool_message **message);

#endif
