/* SPDX-License-Identifier: Apache-2.0 */
/* The message in a file of a tree or a line of a list, for commands that only read. */
#ifndef ENVELOPE_TOOL_READ_ITEM_H
#define ENVELOPE_TOOL_READ_ITEM_H

#include "tools/common/message.h"
#include "tools/common/tree.h"

/*
 * Reads it; *r says what its bytes were found to be. False: it could not be read, and failure says
 * why. tool_item_close must follow in either case.
 */
bool tool_item_read(const struct tool_item *item, struct tool_source *source,
                    struct tool_message *message, ENV_RESULT *r, struct tool_failure *failure);
void tool_item_close(struct tool_source *source);

#endif
