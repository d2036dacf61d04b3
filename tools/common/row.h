/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of a list: a sealed key or a short message in base64, alone or in a row that has an id
 * and the message's context beside it. A row is
 *
 *     {"id":17,"context":"orders/17","message":"MIH..."}     JSON: an object in any order, with any
 *                                                            other members, of which "tenant" is
 *                                                            kept
 *     17 TAB orders/17 TAB MIH...                            TSV, with the escapes of PostgreSQL's
 *                                                            COPY: \t, \n, \\ ..., \N for NULL
 *
 * Reading and writing stand here together: written again, all but the message is as it came.
 */
#ifndef ENVELOPE_TOOL_ROW_H
#define ENVELOPE_TOOL_ROW_H

#include "envelope/base/result.h"
#include "envelope/format/crypto.h"

/* Longest line; room for a key of 64 KiB that a caller brought (EVP_PKEY_encrypt). */
#define TOOL_LINE_MAX (128u * 1024u)

#define TOOL_TENANT_MAX 255u

/* What a line holds; some 400 KiB. */
struct tool_row {
    size_t message_at; /* the message's text in the line: its characters as they stand there */
    size_t message_text_len;
    bool has_id;
    bool has_context; /* of its own: else it is the one that is configured */
    bool empty;       /* there is no message: an empty line, or NULL */
    bool has_tenant;
    size_t id_len;
    size_t context_len;
    size_t message_len;
    size_t tenant_len;
    uint8_t tenant[TOOL_TENANT_MAX]; /* whose key the message is, where it can be one's */
    char id[TOOL_LINE_MAX];
    uint8_t context[TOOL_LINE_MAX];
    uint8_t message[TOOL_LINE_MAX]; /* decoded */
};

/* NULL, or what is wrong with the line. */
const char *tool_row_read(const char *line, size_t len, struct tool_row *row);

/* Where the message's text stands in a line that was read well. */
struct tool_row_place {
    size_t at;
    size_t len;
};

/*
 * The line with another message in its place: *out is freed with OPENSSL_free. LINE_TOO_LONG where
 * no list could be read that has it.
 */
ENV_RESULT tool_row_write(const char *line, size_t len, struct tool_row_place place,
                          struct env_span message, char **out, size_t *out_len);

/*
 * Decodes one line of base64 (RFC 4648, padded, no other characters; blanks and a CR at its ends
 * are left out). bytes has room for 3/4 of it and 3 more. NULL, or what is wrong with it.
 */
const char *tool_row_base64(const char *text, size_t text_len, uint8_t *bytes, size_t *len);

#endif
