/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key bytes and stand-ins on their way in and out: from the standard input and to the standard
 * output, in memory that is wiped and stays out of core dumps. Never from the command line, which
 * everybody can see.
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
 * Which of --hex, --base64 and --raw was said, or the usual one. False: two of them, which was
 * reported.
 */
bool tool_key_form(const struct tool_run *run, enum tool_key_form usual, enum tool_key_form *out);

/* In secret memory: tool_key_bytes_clear. */
struct tool_key_bytes {
    uint8_t *data; /* TOOL_KEY_BYTES_MAX bytes of room */
    size_t len;
};

/*
 * Reads all of a descriptor. One newline at its end is cut, but not of raw bytes. NULL, or what is
 * wrong with it, never with any of it.
 */
const char *tool_key_bytes_read(int fd, enum tool_key_form form, struct tool_key_bytes *out);
void tool_key_bytes_clear(struct tool_key_bytes *bytes);

/*
 * Writes it in a form, with a newline behind all but raw bytes. False: errno, or nothing of it is
 * known to have arrived.
 */
bool tool_key_bytes_write(int fd, enum tool_key_form form, const uint8_t *data, size_t len);

/* The same as text, for JSON; raw bytes are not text. In secret memory of TOOL_KEY_TEXT bytes. */
#define TOOL_KEY_TEXT (2 * TOOL_KEY_BYTES_MAX + 2)
bool tool_key_bytes_text(enum tool_key_form form, const uint8_t *data, size_t len,
                         char text[TOOL_KEY_TEXT]);

/*
 * While something secret is written to the standard output by way of stdio, its buffer is in secret
 * memory. False: no memory. The end flushes, and gives the status back, or a worse one.
 */
struct tool_key_output {
    char *buffer;
};
bool tool_key_output_begin(struct tool_key_output *output);
enum tool_status tool_key_output_end(struct tool_key_output *output, enum tool_status status);

#endif
