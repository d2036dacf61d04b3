/* SPDX-License-Identifier: Apache-2.0 */
/* The message that a file of a tree or a line of a list holds, for who looks and changes nothing.
 */
#ifndef ENVELOPE_TOOL_READ_ITEM_H
#define ENVELOPE_TOOL_READ_ITEM_H

#include "tools/common/message.h"
#include "tools/common/tree.h"

/*
 * Reads it; what its bytes are judged to be is *r. False: it could not be read, failure says why.
 * tool_item_close follows in either case.
 */
bool tool_item_read(const struct tool_item *item, struct tool_source *source,
                    struct tool_message *message, ENV_RESULT *r, struct tool_failure *failure);
void tool_item_close(struct tool_source *source);

#endif
