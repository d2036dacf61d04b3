/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of a list: a sealed key or a short message in base64, alone or in a row with an id and
 * the message's context. A row is
 *
 *   {"id":17,"context":"orders/17","message":"MIH..."}     JSON: an object with its members in any
 *                                                          order; "tenant" is read if it is there
 *   17 TAB orders/17 TAB MIH...                            TSV, with the escapes of PostgreSQL's
 *                                                          COPY: \t, \n, \\ ..., \N for NULL
 *
 * The functions that read and write a line are both here, because writing a line back changes only
 * its message.
 */
#ifndef ENVELOPE_TOOL_ROW_H
#define ENVELOPE_TOOL_ROW_H

#include "envelope/base/result.h"
#include "envelope/format/crypto.h"

/* Longest line; has room for a key of 64 KiB that a program supplied (EVP_PKEY_encrypt). */
#define TOOL_LINE_MAX (128u * 1024u)

#define TOOL_TENANT_MAX 255u

/* The contents of a line; about 400 KiB. */
struct tool_row {
    size_t message_at; /* where the message's text is in the line, as written */
    size_t message_text_len;
    bool has_id;
    bool has_context; /* it has a context; otherwise the configured one applies */
    bool empty;       /* no message: an empty line, or NULL */
    bool has_tenant;
    size_t id_len;
    size_t context_len;
    size_t message_len;
    size_t tenant_len;
    uint8_t tenant[TOOL_TENANT_MAX]; /* whose key the message is, if it may be a tenant key */
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
 * The line with another message: *out is freed with OPENSSL_free. Fails with LINE_TOO_LONG if the
 * result could not be read again.
 */
ENV_RESULT tool_row_write(const char *line, size_t len, struct tool_row_place place,
                          struct env_span message, char **out, size_t *out_len);

/*
 * Decodes one line of base64 (RFC 4648, padded, no other characters; blanks and a CR at its ends
 * are ignored). bytes has room for 3/4 of it and 3 bytes more. NULL, or what is wrong with it.
 */
const char *tool_row_base64(const char *text, size_t text_len, uint8_t *bytes, size_t *len);

#endif
