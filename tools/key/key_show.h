/* SPDX-License-Identifier: Apache-2.0 */
/* The clear part of a key file as text, as members of JSON and as a row of CSV. */
#ifndef ENVELOPE_TOOL_KEY_SHOW_H
#define ENVELOPE_TOOL_KEY_SHOW_H

#include "envelope/base/json.h"
#include "envelope/named/key_file.h"

/* What a key may do at this moment. */
enum tool_key_state {
    TOOL_KEY_CURRENT,
    TOOL_KEY_WAITS,   /* before seal-from */
    TOOL_KEY_EXPIRED, /* after not-after */
};
enum tool_key_state tool_key_state(const struct env_named_clear *clear, int64_t now);
const char *tool_key_state_word(enum tool_key_state state);

/* The names of the algorithms, separated by commas; or the name of the set, if it has one. */
#define TOOL_KEY_USES_TEXT (ENV_NAMED_USES_MAX * (ENV_NAMED_USE_MAX + 1))
const char *tool_key_uses_text(const struct env_named_clear *clear, char text[TOOL_KEY_USES_TEXT]);

/*
 * Prints the first line, after the key's name. The caller prints the name, and the newline at the
 * end.
 */
void tool_key_show_line(FILE *out, const struct env_key_file *file, int64_t now);
/* Prints the lines below it: owner, times, stand-ins, KEKs. */
void tool_key_show_more(FILE *out, const struct env_key_file *file);

/* Writes members of the open object. */
void tool_key_show_json(struct env_json *json, const struct env_key_file *file, int64_t now);

/* A row of CSV (RFC 4180), and the header row. */
void tool_key_show_csv_head(FILE *out);
void tool_key_show_csv(FILE *out, const char *path, const struct env_key_file *file, int64_t now);

#endif
