/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/sealed_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MARK "\xEF\xBB\xBF" /* a byte order mark, which may precede the first line */
#define MARK_LEN 3u

struct tool_list {
    FILE *in;
    uint64_t number;
    struct tool_row row;
    char text[TOOL_LINE_MAX + 1];
};

struct tool_list *tool_list_new(FILE *in)
{
    struct tool_list *list = malloc(sizeof(*list));

    if (list == NULL)
        return NULL;
    list->in = in;
    list->number = 0;
    return list;
}

void tool_list_free(struct tool_list *list)
{
    free(list);
}

/* Reads a line; *too_long: it was longer than the room. False at the end. */
static bool read_line(struct tool_list *list, struct tool_line *line, bool *too_long)
{
    int c = getc_unlocked(list->in);

    line->text_len = 0;
    line->newline = false;
    *too_long = false;
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(list->in)) {
        if (line->text_len < TOOL_LINE_MAX)
            list->text[line->text_len++] = (char)c;
        else
            *too_long = true;
    }
    line->newline = c == '\n';
    return true;
}

static void judge_line(struct tool_list *list, bool too_long, struct tool_line *line)
{
    size_t mark =
        line->number == 1 && line->text_len >= MARK_LEN && memcmp(line->text, MARK, MARK_LEN) == 0
            ? MARK_LEN
            : 0;

    if (too_long)
        line->why = "the line is too long";
    else
        line->why = tool_row_read(line->text + mark, line->text_len - mark, &list->row);
    list->row.message_at += mark;
    line->state = line->why != NULL ? TOOL_LINE_BAD
                  : list->row.empty ? TOOL_LINE_EMPTY
                                    : TOOL_LINE_GOOD;
}

void tool_list_next(struct tool_list *list, struct tool_line *line)
{
    bool too_long;
    bool there = read_line(list, line, &too_long);

    line->text = list->text;
    line->row = &list->row;
    line->why = NULL;
    line->number = list->number + 1;
    if (ferror(list->in) != 0) {
        line->state = TOOL_LINE_FAILED;
        line->why = strerrordesc_np(errno);
    } else if (!there) {
        line->state = TOOL_LINE_END;
    } else {
        list->number++;
        judge_line(list, too_long, line);
    }
}
