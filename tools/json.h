/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON (RFC 8259): one value a line, from begin to end. Text that is not UTF-8 has U+FFFD in
 * the places of its bad bytes; where that would lose something, tool_json_path gives the bytes too.
 */
#ifndef ENVELOPE_TOOL_JSON_H
#define ENVELOPE_TOOL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TOOL_JSON_DEPTH 8u

struct tool_json {
    FILE *out;
    unsigned depth;
    bool filled[TOOL_JSON_DEPTH + 1]; /* the object or array at that depth has something */
};

void tool_json_init(struct tool_json *json, FILE *out);

/* name is NULL for a whole line's object and within arrays. */
void tool_json_object(struct tool_json *json, const char *name);
void tool_json_object_end(struct tool_json *json);
void tool_json_array(struct tool_json *json, const char *name);
void tool_json_array_end(struct tool_json *json);

void tool_json_text(struct tool_json *json, const char *name, const char *value); /* NULL: null */
void tool_json_bytes(struct tool_json *json, const char *name, const char *value, size_t len);
void tool_json_number(struct tool_json *json, const char *name, uint64_t value);
void tool_json_bool(struct tool_json *json, const char *name, bool value);
void tool_json_hex(struct tool_json *json, const char *name, const uint8_t *bytes, size_t len);

/* A path: name as it can be shown, and when it is not UTF-8 its bytes as NAME_base64. */
void tool_json_path(struct tool_json *json, const char *name, const char *path);

/* How many bytes of the UTF-8 character text begins with; 0 when it begins with none (or len 0). */
size_t tool_utf8_char(const char *text, size_t len);

#endif
