/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing and reading JSON (RFC 8259).
 *
 * Writing: one value per line, from begin to end. Bytes that are not UTF-8 become U+FFFD; where
 * that would lose information, env_json_path adds the bytes.
 *
 * Reading is strict: only what RFC 8259 allows, in UTF-8 without a byte order mark, without
 * unpaired surrogates, and nested at most ENV_JSON_DEPTH deep.
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
    bool filled[ENV_JSON_DEPTH + 1]; /* the object or array at this depth is not empty */
};

void env_json_init(struct env_json *json, FILE *out);

/* name is NULL for the object of a line, and within arrays. */
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

/* A path: name has its printable form and, if it is not UTF-8, NAME_base64 has its bytes. */
void env_json_path(struct env_json *json, const char *name, const char *path);

/* ---- reading ---- */

/* The unread rest of a text. After a failure it begins somewhere in the bad part. */
struct env_json_in {
    const char *at;
    const char *end;
};

/* If the next character, after white space, is this one: skips it and returns true. */
bool env_json_take(struct env_json_in *in, char c);

/* Whether nothing but white space is left. */
bool env_json_at_end(struct env_json_in *in);

/*
 * A string, decoded. out (NULL: skip it) must have room for in->end - in->at bytes; it is not
 * terminated, and may contain NULs.
 */
bool env_json_take_text(struct env_json_in *in, char *out, size_t *len);

/* Skips any value. */
bool env_json_skip(struct env_json_in *in);

#endif
