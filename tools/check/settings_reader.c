/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/settings_reader.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The position in a logical line. */
enum state {
    IN_NAME, /* before the = */
    IN_VALUE,
    IN_SECTION, /* between the brackets */
    IN_COMMENT,
};

/* Text being collected; what does not fit is dropped. */
struct text {
    char bytes[TOOL_SETTINGS_NAME];
    size_t len;
};

struct reader {
    const struct tool_settings_events *events;
    const char *file; /* the file being read; NULL: the main file */
    unsigned depth;
    bool includes; /* read included files too */
    enum state state;
    unsigned long line;
    char quote; /* the open quote character, or 0 */
    bool after_blank;
    bool has_value;   /* the line has a = */
    bool in_variable; /* after a $ */
    struct text section;
    struct text name; /* before the =, or between the brackets */
    struct text value;
    struct text variable;
    char directive[PATH_MAX + 32]; /* a line that begins with a dot */
    size_t directive_len;
    char include_dir[PATH_MAX]; /* from .pragma includedir */
};

/* ---- text ---- */

static void add(struct text *text, char c)
{
    if (text->len + 1 < sizeof(text->bytes))
        text->bytes[text->len++] = c;
    text->bytes[text->len] = '\0';
}

static void empty(struct text *text)
{
    text->len = 0;
    text->bytes[0] = '\0';
}

static void trim(struct text *text)
{
    size_t start = 0;

    while (text->len > 0 && isspace((unsigned char)text->bytes[text->len - 1]))
        text->len--;
    text->bytes[text->len] = '\0';
    while (isspace((unsigned char)text->bytes[start]))
        start++;
    memmove(text->bytes, text->bytes + start, text->len - start + 1);
    text->len -= start;
}

/* ---- events ---- */

static struct tool_place place_of(const struct reader *reader)
{
    return (struct tool_place){reader->file, reader->line, reader->section.bytes,
                               reader->name.bytes};
}

static void tell_oddity(const struct reader *reader, enum tool_oddity oddity, const char *variable)
{
    const struct tool_place place = place_of(reader);

    if (reader->events->oddity != NULL)
        reader->events->oddity(reader->events->arg, &place, oddity, variable);
}

static void tell_name(const struct reader *reader)
{
    const struct tool_place place = place_of(reader);

    if (reader->events->name != NULL)
        reader->events->name(reader->events->arg, &place);
}

static void tell_value(struct reader *reader)
{
    const struct tool_place place = place_of(reader);

    trim(&reader->value);
    if (reader->events->value != NULL)
        reader->events->value(reader->events->arg, &place, reader->value.bytes);
}

static void tell_file(const struct reader *reader, bool deeper)
{
    if (reader->events->file != NULL)
        reader->events->file(reader->events->arg, deeper);
}

/* ---- one line ---- */

static void new_line(struct reader *reader)
{
    reader->state = IN_NAME;
    reader->quote = '\0';
    reader->has_value = false;
    reader->in_variable = false;
    reader->directive_len = 0;
    reader->after_blank = true;
    empty(&reader->name);
    empty(&reader->value);
}

static void end_variable(struct reader *reader)
{
    if (reader->in_variable)
        tell_oddity(reader, TOOL_ODDITY_VARIABLE, reader->variable.bytes);
    reader->in_variable = false;
}

/* The name after a $, with its opening bracket, section and ::. */
static void take_in_variable(struct reader *reader, char c)
{
    bool first = reader->variable.len == 0;

    if (isalnum((unsigned char)c) || c == '_' || c == ':' || (first && (c == '{' || c == '(')))
        add(&reader->variable, c);
    else
        end_variable(reader);
}

static void take_unquoted(struct reader *reader, char c)
{
    if (c == '#') {
        if (!reader->after_blank)
            tell_oddity(reader, TOOL_ODDITY_CUT, NULL);
    } else if (c == '$') {
        reader->in_variable = true;
        empty(&reader->variable);
    } else if (c == '"' || c == '\'') {
        reader->quote = c;
    }
}

/* Handles a backslash and the character after it. At the end of a line it continues the line. */
static void take_escape(struct reader *reader, int next)
{
    end_variable(reader);
    if (next == '\n' || next == EOF)
        return;
    if (reader->state == IN_VALUE) {
        tell_oddity(reader, TOOL_ODDITY_BACKSLASH, NULL);
        add(&reader->value, (char)next);
    }
    reader->after_blank = false;
}

static void take_in_value(struct reader *reader, char c)
{
    bool quote = c == reader->quote || (reader->quote == '\0' && (c == '"' || c == '\''));

    if (reader->in_variable)
        take_in_variable(reader, c);
    if (reader->quote == '\0')
        take_unquoted(reader, c);
    else if (c == reader->quote)
        reader->quote = '\0';
    if (c == '#' && reader->quote == '\0')
        reader->state = IN_COMMENT;
    else if (!quote)
        add(&reader->value, c);
    reader->after_blank = isspace((unsigned char)c) != 0;
}

static void take_in_name(struct reader *reader, char c)
{
    if (c == '#') {
        reader->state = IN_COMMENT;
    } else if (c == '[' && reader->name.len == 0) {
        reader->state = IN_SECTION;
    } else if (c == '=') {
        trim(&reader->name);
        tell_name(reader);
        reader->state = IN_VALUE;
        reader->has_value = true;
        reader->after_blank = true;
    } else if (reader->name.len > 0 || !isspace((unsigned char)c)) {
        add(&reader->name, c);
    }
}

static void take_in_section(struct reader *reader, char c)
{
    if (c != ']') {
        add(&reader->name, c);
        return;
    }
    trim(&reader->name);
    reader->section = reader->name;
    reader->state = IN_COMMENT;
}

static void take_char(struct reader *reader, char c)
{
    bool first = reader->state == IN_NAME && reader->name.len == 0 && reader->directive_len == 0;

    if ((reader->directive_len > 0 || (first && c == '.')) &&
        reader->directive_len + 1 < sizeof(reader->directive))
        reader->directive[reader->directive_len++] = c;
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

/* ---- included files ---- */

static void read_stream(struct reader *reader, FILE *in);

/* A directive's argument: ".include = FILE", or without the =. NULL if it is another directive. */
static char *argument_of(char *line, const char *directive)
{
    size_t len = strlen(directive);
    char *end;

    if (strncmp(line, directive, len) != 0 ||
        (line[len] != '=' && !isspace((unsigned char)line[len])))
        return NULL;
    line += len;
    line += strspn(line, " \t\r");
    if (*line == '=')
        line++;
    line += strspn(line, " \t\r\"'");
    end = line + strlen(line);
    while (end > line && strchr(" \t\r\"'", end[-1]) != NULL)
        *--end = '\0';
    return line;
}

static void include_file(struct reader *reader, const char *path)
{
    const char *outer = reader->file;
    unsigned long line = reader->line;
    struct stat st;
    FILE *in;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (in = fopen(path, "re")) == NULL)
        return; /* reported when the whole file is loaded */
    reader->file = path;
    reader->depth++;
    tell_file(reader, true);
    read_stream(reader, in);
    reader->depth--;
    reader->file = outer;
    reader->line = line;
    tell_file(reader, false);
    (void)fclose(in);
}

static bool is_included(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL && (strcmp(dot, ".cnf") == 0 || strcmp(dot, ".conf") == 0);
}

static void include_directory(struct reader *reader, const char *path, DIR *directory)
{
    const struct dirent *entry;
    char file[PATH_MAX];

    while ((entry = readdir(directory)) != NULL) {
        if (is_included(entry->d_name) &&
            snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) < (int)sizeof(file))
            include_file(reader, file);
    }
}

/* Finds the file like libcrypto: in includedir, or by the name itself. */
static void include(struct reader *reader, const char *name)
{
    const char *dir = secure_getenv("OPENSSL_CONF_INCLUDE");
    char path[PATH_MAX];
    DIR *directory;
    int len;

    if (dir == NULL && reader->include_dir[0] != '\0')
        dir = reader->include_dir;
    len = name[0] == '/' || dir == NULL ? snprintf(path, sizeof(path), "%s", name)
                                        : snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (len < 0 || len >= (int)sizeof(path))
        return;
    directory = opendir(path);
    if (directory == NULL) {
        include_file(reader, path);
        return;
    }
    include_directory(reader, path, directory);
    (void)closedir(directory);
}

static void follow_directive(struct reader *reader)
{
    char *argument = argument_of(reader->directive, ".include");

    if (argument != NULL && reader->depth < TOOL_SETTINGS_DEPTH) {
        char *name = strdup(argument); /* the line's buffer is reused for the included file */

        new_line(reader);
        if (name != NULL)
            include(reader, name);
        free(name);
        return;
    }
    argument = argument_of(reader->directive, ".pragma");
    if (argument != NULL && strncmp(argument, "includedir", 10) == 0)
        (void)snprintf(reader->include_dir, sizeof(reader->include_dir), "%s",
                       argument + 10 + strspn(argument + 10, " \t:"));
}

/* ---- a file ---- */

static void end_line(struct reader *reader)
{
    end_variable(reader);
    reader->directive[reader->directive_len] = '\0';
    if (reader->directive_len > 0) {
        if (reader->includes)
            follow_directive(reader);
    } else if (reader->has_value) {
        tell_value(reader);
    }
    new_line(reader);
}

static void read_stream(struct reader *reader, FILE *in)
{
    int c;

    reader->line = 1;
    new_line(reader);
    while ((c = getc_unlocked(in)) != EOF) {
        if (c == '\n') {
            end_line(reader);
            reader->line++;
        } else if (c == '\\' && reader->state != IN_COMMENT) {
            c = getc_unlocked(in);
            if (c == '\r') { /* part of the line ending, or dropped like any other character */
                c = getc_unlocked(in);
                if (c != '\n' && c != EOF)
                    (void)ungetc(c, in);
            }
            take_escape(reader, c);
            reader->line += c == '\n';
        } else {
            take_char(reader, (char)c);
        }
    }
    end_line(reader);
}

void tool_settings_read_stream(FILE *in, bool includes, const struct tool_settings_events *events)
{
    struct reader reader = {
        .events = events, .includes = includes, .section = {.bytes = "default", .len = 7}};

    read_stream(&reader, in);
}
