/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 as written by "openssl enc -a" and as left by editors, mail and databases: lines of any
 * length, with LF or CRLF, after a byte order mark, in UTF-8, or in UTF-16 of either order.
 */
#ifndef ENVELOPE_TOOL_BASE64_H
#define ENVELOPE_TOOL_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope/format/crypto.h"

/* Initialise with zeros. */
struct tool_base64 {
    uint8_t held[4]; /* the characters of an incomplete group of four */
    unsigned count;
    unsigned marks; /* bytes of the byte order mark seen so far */
    bool begun;     /* past the byte order mark */
    bool wide;      /* UTF-16: every second byte is 0 */
    bool ended;     /* past the padding */
};

/*
 * Decodes the next piece; out has room for 3/4 of it and 3 bytes more. Blanks and line ends are
 * skipped. NULL, or what is wrong with it.
 */
const char *tool_base64_decode(struct tool_base64 *state, struct env_span text, uint8_t *out,
                               size_t *out_len);

/* To be called after the last piece: NULL, or that it ends too early. */
const char *tool_base64_end(const struct tool_base64 *state);

/* Whether a message or a sealed key in base64 begins like this. */
bool tool_base64_is_message(struct env_span head);

#endif
