/* SPDX-License-Identifier: Apache-2.0 */
/* How re-wrapping and re-encrypting begin. */
#ifndef ENVELOPE_TOOL_ROTATE_OPEN_H
#define ENVELOPE_TOOL_ROTATE_OPEN_H

#include "tools/common/locked_file.h"
#include "tools/common/message.h"
#include "tools/rotate/new_header.h"

/*
 * Opens and locks the file, and repairs what an interrupted run left. A dry run opens it for
 * reading, and only looks for leftovers.
 */
ENV_RESULT tool_rotate_open(const struct tool_rotation *rotation, struct tool_locked_file *locked,
                            bool *recovered);

/*
 * Reads what a file holds whose descriptor stands at its beginning, or with fd -1 memory. *message
 * is freed with OPENSSL_free. NOT_A_MESSAGE and whatever else its bytes are judged to be;
 * MESSAGE_IN_BASE64; TRUNCATED and the like when its end is not there.
 */
ENV_RESULT tool_rotate_read(const struct env_errors *errors, int fd, struct env_span memory,
                            struct tool_message **message);

#endif
