/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of sealed keys or short messages: one in base64 a line, as a database column gives them. A
 * bad line is told with its number and stops nothing; memory does not grow with the list.
 */
#ifndef ENVELOPE_TOOL_SEALED_LIST_H
#define ENVELOPE_TOOL_SEALED_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Longest line; room for a key of 64 KiB that a caller brought (EVP_PKEY_encrypt). */
#define TOOL_LINE_MAX (128u * 1024u)

enum tool_line_state {
    TOOL_LINE_GOOD,
    TOOL_LINE_EMPTY,
    TOOL_LINE_BAD,    /* why says what is wrong; text is as much of it as was kept */
    TOOL_LINE_END,    /* of the list */
    TOOL_LINE_FAILED, /* the list could not be read further: why says so */
};

struct tool_line {
    enum tool_line_state state;
    uint64_t number;  /* from 1 */
    const char *text; /* as it came, without the newline; valid until the next line is read */
    size_t text_len;
    const uint8_t *bytes; /* of a good line: what it decodes to; valid as long */
    size_t len;
    const char *why; /* never to be freed */
};

struct tool_list;

/* Reads from in, which stays the caller's. NULL: no memory. */
struct tool_list *tool_list_new(FILE *in);
void tool_list_free(struct tool_list *list);

void tool_list_next(struct tool_list *list, struct tool_line *line);

/*
 * Decodes one line of base64 (RFC 4648, padded, no other characters; blanks and a CR at its ends
 * are left out). bytes has room for 3/4 of it and 3 more. NULL, or what is wrong with it.
 */
const char *tool_list_decode(const char *text, size_t text_len, uint8_t *bytes, size_t *len);

#endif
