/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads key bytes and stand-ins from standard input and writes them to standard output, in memory
 * that is wiped and kept out of core dumps. They are never taken from the command line, which
 * everyone can see.
 */
#ifndef ENVELOPE_TOOL_KEY_BYTES_H
#define ENVELOPE_TOOL_KEY_BYTES_H

#include "tools/common/run.h"

#define TOOL_KEY_BYTES_MAX 1024u

enum tool_key_form {
    TOOL_KEY_HEX,
    TOOL_KEY_BASE64, /* RFC 4648 section 4, padded */
    TOOL_KEY_RAW,
};

/*
 * The one of --hex, --base64 and --raw that was given, or the default. False: two were given,
 * which was reported.
 */
bool tool_key_form(const struct tool_run *run, enum tool_key_form usual, enum tool_key_form *out);

/* In secret memory: tool_key_bytes_clear. */
struct tool_key_bytes {
    uint8_t *data; /* has room for TOOL_KEY_BYTES_MAX bytes */
    size_t len;
};

/*
 * Reads a descriptor to its end. One final newline is removed, except with raw bytes. NULL, or
 * what is wrong; the text never contains any of the bytes.
 */
const char *tool_key_bytes_read(int fd, enum tool_key_form form, struct tool_key_bytes *out);
void tool_key_bytes_clear(struct tool_key_bytes *bytes);

/*
 * Writes it in a form, followed by a newline unless it is raw. False: errno is set, and some of it
 * may have been written.
 */
bool tool_key_bytes_write(int fd, enum tool_key_form form, const uint8_t *data, size_t len);

/* The same as text, for JSON; raw bytes are not text. Uses secret memory of TOOL_KEY_TEXT bytes. */
#define TOOL_KEY_TEXT (2 * TOOL_KEY_BYTES_MAX + 2)
bool tool_key_bytes_text(enum tool_key_form form, const uint8_t *data, size_t len,
                         char text[TOOL_KEY_TEXT]);

/*
 * While a secret is written to standard output through stdio, its buffer is in secret memory.
 * False: no memory. The end flushes, and returns the status, or a worse one.
 */
struct tool_key_output {
    char *buffer;
};
bool tool_key_output_begin(struct tool_key_output *output);
enum tool_status tool_key_output_end(struct tool_key_output *output, enum tool_status status);

#endif
