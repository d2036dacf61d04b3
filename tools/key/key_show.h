/* SPDX-License-Identifier: Apache-2.0 */
/* What a key file says in the clear, in words, as members of JSON and as a row of CSV. */
#ifndef ENVELOPE_TOOL_KEY_SHOW_H
#define ENVELOPE_TOOL_KEY_SHOW_H

#include "envelope/base/json.h"
#include "envelope/named/key_file.h"

/* Of the moment: what a key may do now. */
enum tool_key_state {
    TOOL_KEY_CURRENT,
    TOOL_KEY_WAITS,   /* seal-from has not come */
    TOOL_KEY_EXPIRED, /* not-after has passed */
};
enum tool_key_state tool_key_state(const struct env_named_clear *clear, int64_t now);
const char *tool_key_state_word(enum tool_key_state state);

/* The names of the algorithms with commas between; of a set that has a name, that. */
#define TOOL_KEY_USES_TEXT (ENV_NAMED_USES_MAX * (ENV_NAMED_USE_MAX + 1))
const char *tool_key_uses_text(const struct env_named_clear *clear, char text[TOOL_KEY_USES_TEXT]);

/* Lines of text: the first is begun with the key's name by the caller, who ends it as well. */
void tool_key_show_line(FILE *out, const struct env_key_file *file, int64_t now);
/* Lines below it: owner, times, stand-ins, KEKs. */
void tool_key_show_more(FILE *out, const struct env_key_file *file);

/* Members of the object that is open. */
void tool_key_show_json(struct env_json *json, const struct env_key_file *file, int64_t now);

/* A row of CSV (RFC 4180), and the one with the names of its columns. */
void tool_key_show_csv_head(FILE *out);
void tool_key_show_csv(FILE *out, const char *path, const struct env_key_file *file, int64_t now);

#endif
