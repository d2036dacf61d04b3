/* SPDX-License-Identifier: Apache-2.0 */
#include "settings_lines.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define NAME_SIZE 128u

/* Where the reader is in a logical line. */
enum state {
    IN_NAME, /* before the = */
    IN_VALUE,
    IN_SECTION, /* between the brackets */
    IN_COMMENT,
};

struct reader {
    const char *section;
    tool_line_trap_fn *take;
    void *arg;
    enum state state;
    unsigned long line;
    bool inside; /* the section that is wanted */
    char quote;  /* that is open, or 0 */
    bool after_blank;
    char name[NAME_SIZE];
    size_t name_len;
};

static void new_line(struct reader *reader)
{
    reader->state = IN_NAME;
    reader->quote = '\0';
    reader->name_len = 0;
    reader->after_blank = true;
}

static void add_to_name(struct reader *reader, char c)
{
    if (reader->name_len + 1 < sizeof(reader->name))
        reader->name[reader->name_len++] = c;
}

static void trim_name(struct reader *reader)
{
    size_t start = 0;

    while (reader->name_len > 0 && isspace((unsigned char)reader->name[reader->name_len - 1]))
        reader->name_len--;
    reader->name[reader->name_len] = '\0';
    while (isspace((unsigned char)reader->name[start]))
        start++;
    memmove(reader->name, reader->name + start, reader->name_len - start + 1);
    reader->name_len -= start;
}

static void trap(const struct reader *reader, const char *what)
{
    if (reader->inside)
        reader->take(reader->arg, reader->line, reader->name, what);
}

static void take_unquoted(struct reader *reader, char c)
{
    if (c == '#' && !reader->after_blank)
        trap(reader, "the value ends at its #: put the whole of it in quotes");
    else if (c == '$')
        trap(reader, "a variable is put in for its $: put the whole value in quotes");
    else if (c == '"' || c == '\'')
        reader->quote = c;
}

/* A backslash, and what it makes of the next character: nothing, where that ends the line. */
static void take_escape(struct reader *reader, int next)
{
    if (next == '\n' || next == EOF)
        return;
    if (reader->state == IN_VALUE)
        trap(reader, "a backslash is left out of the value: write it twice");
    reader->after_blank = false;
}

static void take_in_value(struct reader *reader, char c)
{
    if (reader->quote != '\0') {
        if (c == reader->quote)
            reader->quote = '\0';
    } else {
        take_unquoted(reader, c);
    }
    if (c == '#' && reader->quote == '\0')
        reader->state = IN_COMMENT;
    reader->after_blank = isspace((unsigned char)c) != 0;
}

static void take_in_name(struct reader *reader, char c)
{
    if (c == '#') {
        reader->state = IN_COMMENT;
    } else if (c == '[' && reader->name_len == 0) {
        reader->state = IN_SECTION;
    } else if (c == '=') {
        trim_name(reader);
        reader->state = IN_VALUE;
        reader->after_blank = true;
    } else if (reader->name_len > 0 || !isspace((unsigned char)c)) {
        add_to_name(reader, c);
    }
}

static void take_in_section(struct reader *reader, char c)
{
    if (c != ']') {
        add_to_name(reader, c);
        return;
    }
    trim_name(reader);
    reader->inside = reader->section == NULL || strcmp(reader->name, reader->section) == 0;
    reader->state = IN_COMMENT;
}

static void take_char(struct reader *reader, char c)
{
    switch (reader->state) {
    case IN_NAME:
        take_in_name(reader, c);
        break;
    case IN_VALUE:
        take_in_value(reader, c);
        break;
    case IN_SECTION:
        take_in_section(reader, c);
        break;
    case IN_COMMENT:
        break;
    }
}

void tool_settings_lines(FILE *in, const char *section, tool_line_trap_fn *take, void *arg)
{
    struct reader reader = {.section = section, .take = take, .arg = arg, .line = 1};
    int c;

    reader.inside = section == NULL;
    new_line(&reader);
    while ((c = getc_unlocked(in)) != EOF) {
        if (c == '\n') {
            new_line(&reader);
            reader.line++;
        } else if (c == '\\' && reader.state != IN_COMMENT) {
            c = getc_unlocked(in);
            if (c == '\r') { /* part of the line's end, or lost like any other character */
                c = getc_unlocked(in);
                if (c != '\n' && c != EOF)
                    (void)ungetc(c, in);
            }
            take_escape(&reader, c);
            reader.line += c == '\n';
        } else {
            take_char(&reader, (char)c);
        }
    }
}
