/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of sealed keys or short messages, as database columns give them: a line each (row.h). A bad
 * line is reported with its number and stops nothing; memory does not grow with the list.
 */
#ifndef ENVELOPE_TOOL_SEALED_LIST_H
#define ENVELOPE_TOOL_SEALED_LIST_H

#include <stdio.h>

#include "tools/common/row.h"

enum tool_line_state {
    TOOL_LINE_GOOD,
    TOOL_LINE_EMPTY,
    TOOL_LINE_BAD,    /* why says what is wrong; text is as much of it as was kept */
    TOOL_LINE_END,    /* of the list */
    TOOL_LINE_FAILED, /* the list could not be read further: why says so */
};

/* The pointers are valid until the next line is read. */
struct tool_line {
    enum tool_line_state state;
    uint64_t number;  /* from 1 */
    const char *text; /* as it came, without the newline */
    size_t text_len;
    bool newline;               /* one ended it: the last line may have none */
    const struct tool_row *row; /* of a good or an empty line */
    const char *why;            /* never to be freed */
};

struct tool_list;

/* Reads from in, which stays the caller's. NULL: no memory. */
struct tool_list *tool_list_new(FILE *in);
void tool_list_free(struct tool_list *list);

void tool_list_next(struct tool_list *list, struct tool_line *line);

#endif
