/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of sealed keys or short messages, one per line (row.h), as exported from database columns.
 * A bad line is reported by its number and does not stop the rest. Memory use does not depend on
 * the list's length.
 */
#ifndef ENVELOPE_TOOL_SEALED_LIST_H
#define ENVELOPE_TOOL_SEALED_LIST_H

#include <stdio.h>

#include "tools/common/row.h"

enum tool_line_state {
    TOOL_LINE_GOOD,
    TOOL_LINE_EMPTY,
    TOOL_LINE_BAD,    /* why says what is wrong; text has as much of it as was kept */
    TOOL_LINE_END,    /* the end of the list */
    TOOL_LINE_FAILED, /* the list could not be read further: why has the reason */
};

/* The pointers are valid until the next line is read. */
struct tool_line {
    enum tool_line_state state;
    uint64_t number;  /* from 1 */
    const char *text; /* as read, without the newline */
    size_t text_len;
    bool newline;               /* it had a newline: the last line may have none */
    const struct tool_row *row; /* for a good or an empty line */
    const char *why;            /* never to be freed */
};

struct tool_list;

/* Reads from in, which the caller closes. NULL: no memory. */
struct tool_list *tool_list_new(FILE *in);
void tool_list_free(struct tool_list *list);

void tool_list_next(struct tool_list *list, struct tool_line *line);

#endif
