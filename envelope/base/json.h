/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON (RFC 8259): one value a line, from begin to end. Text that is not UTF-8 has U+FFFD in
 * the places of its bad bytes; where that would lose something, env_json_path gives the bytes too.
 * And reads it, strictly: nothing that RFC 8259 does not have, UTF-8 without a byte order mark, no
 * half of a surrogate pair, at most ENV_JSON_DEPTH values inside one another.
 */
#ifndef ENVELOPE_ENV_JSON_H
#define ENVELOPE_ENV_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ENV_JSON_DEPTH 8u

struct env_json {
    FILE *out;
    unsigned depth;
    bool filled[ENV_JSON_DEPTH + 1]; /* the object or array at that depth has something */
};

void env_json_init(struct env_json *json, FILE *out);

/* name is NULL for a whole line's object and within arrays. */
void env_json_object(struct env_json *json, const char *name);
void env_json_object_end(struct env_json *json);
void env_json_array(struct env_json *json, const char *name);
void env_json_array_end(struct env_json *json);

void env_json_text(struct env_json *json, const char *name, const char *value); /* NULL: null */
void env_json_bytes(struct env_json *json, const char *name, const char *value, size_t len);
void env_json_number(struct env_json *json, const char *name, uint64_t value);
void env_json_bool(struct env_json *json, const char *name, bool value);
void env_json_hex(struct env_json *json, const char *name, const uint8_t *bytes, size_t len);

/* False: no memory, and nothing was written. */
bool env_json_base64(struct env_json *json, const char *name, const uint8_t *bytes, size_t len);

/* A path: name as it can be shown, and when it is not UTF-8 its bytes as NAME_base64. */
void env_json_path(struct env_json *json, const char *name, const char *path);

/* ---- reading ---- */

/* The unread rest of a text. On failure it begins somewhere in the bad part. */
struct env_json_in {
    const char *at;
    const char *end;
};

/* Whether the next character but white space is this one, which is passed over then. */
bool env_json_take(struct env_json_in *in, char c);

/* Whether nothing but white space is left. */
bool env_json_at_end(struct env_json_in *in);

/*
 * A string, decoded. out (NULL: it is passed over) has room for in->end - in->at bytes, is not
 * terminated and may get NULs.
 */
bool env_json_take_text(struct env_json_in *in, char *out, size_t *len);

/* Any value: passed over. */
bool env_json_skip(struct env_json_in *in);

#endif
