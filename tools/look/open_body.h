/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a whole message or a sealed key as a test: the plaintext is discarded. */
#ifndef ENVELOPE_TOOL_OPEN_BODY_H
#define ENVELOPE_TOOL_OPEN_BODY_H

#include "tools/common/keys.h"
#include "tools/common/message.h"

/* Holds buffers, reused for each message. For one thread only. */
struct tool_opener;

/* NULL: no memory. */
struct tool_opener *tool_opener_new(const struct tool_keys *keys);
void tool_opener_free(struct tool_opener *opener);

/* TOOL_TRY_ROOM bytes of secret memory for tool_recipients_try. */
uint8_t *tool_opener_deks(struct tool_opener *opener);

/* ENV_AUDIT_MESSAGE_ID_LEN bytes, for the message opened last. */
const uint8_t *tool_opener_message_id(const struct tool_opener *opener);

/*
 * message must have been read from the source's beginning; context is the one it was sealed with.
 * False: failure says why it does not open. *plain_len counts what was opened.
 */
bool tool_opener_run(struct tool_opener *opener, const struct tool_message *message,
                     struct tool_source *source, struct env_span context, uint64_t *plain_len,
                     struct tool_failure *failure);

#endif
