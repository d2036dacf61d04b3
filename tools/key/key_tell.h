/* SPDX-License-Identifier: Apache-2.0 */
/* Reporting a key that an action has handled, and small things that actions share. */
#ifndef ENVELOPE_TOOL_KEY_TELL_H
#define ENVELOPE_TOOL_KEY_TELL_H

#include "tools/key/key_place.h"

/* "orders@1 made in /etc/envelope/keys: ..." with its KEKs below, or the object in JSON. */
void tool_key_tell(const struct tool_key_place *place, const struct env_key_file *file,
                   bool changed, const char *what);

/* A failure that does not matter: nothing of it stays on the stack, and r is a success. */
void tool_key_forget(ENV_RESULT *r);

/* Whether it is UTF-8 of 1 to most bytes whose characters are all shown. */
bool tool_key_text_is(const char *text, size_t most);

/* The standard output gets a secret: reports an error with --quiet, which would discard it. */
bool tool_key_output_is_wanted(const struct tool_run *run);

#endif
