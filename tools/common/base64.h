/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 as "openssl enc -a" writes it and as editors, mail and databases leave it: in lines of any
 * length, with LF or CRLF, after a byte order mark, as UTF-8 or UTF-16 of either order.
 */
#ifndef ENVELOPE_TOOL_BASE64_H
#define ENVELOPE_TOOL_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "envelope/format/crypto.h"

/* Zeroed at the beginning. */
struct tool_base64 {
    uint8_t held[4]; /* characters of four that have not come yet */
    unsigned count;
    unsigned marks; /* bytes of the mark that have been seen */
    bool begun;     /* behind the mark */
    bool wide;      /* UTF-16: every second byte is 0 */
    bool ended;     /* behind the padding */
};

/*
 * Decodes the next piece: out has room for 3/4 of it and 3 bytes more. Blanks and line ends are
 * passed over. NULL, or what is wrong with it.
 */
const char *tool_base64_decode(struct tool_base64 *state, struct env_span text, uint8_t *out,
                               size_t *out_len);

/* After the last piece: NULL, or that it ends too early. */
const char *tool_base64_end(const struct tool_base64 *state);

/* Whether this is how a message or a sealed key in base64 begins. */
bool tool_base64_is_message(struct env_span head);

#endif
