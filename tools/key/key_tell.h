/* SPDX-License-Identifier: Apache-2.0 */
/* Reports a key that an action has processed; also has small functions that actions share. */
#ifndef ENVELOPE_TOOL_KEY_TELL_H
#define ENVELOPE_TOOL_KEY_TELL_H

#include "tools/key/key_place.h"

/* Reports "orders@1 made in /etc/envelope/keys: ..." with its KEKs below, or the JSON object. */
void tool_key_tell(const struct tool_key_place *place, const struct env_key_file *file,
                   bool changed, const char *what);

/* Discards a failure that does not matter: clears it from the stack, and sets r to success. */
void tool_key_forget(ENV_RESULT *r);

/* Whether it is UTF-8 of 1 to `most` bytes with only printable characters. */
bool tool_key_text_is(const char *text, size_t most);

/* For an action that outputs a secret: reports an error if --quiet would discard it. */
bool tool_key_output_is_wanted(const struct tool_run *run);

#endif
