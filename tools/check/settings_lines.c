/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/settings_lines.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "envelope/base/config.h"

#define NAME_SIZE 128u
#define INCLUDES_MAX 8u /* inside one another */

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
    const char *file; /* that is read; NULL: the first */
    unsigned depth;
    bool includes; /* whether they are followed */
    enum state state;
    unsigned long line;
    bool inside; /* the section that is wanted */
    char quote;  /* that is open, or 0 */
    bool after_blank;
    char name[NAME_SIZE];
    size_t name_len;
    uint64_t seen;                 /* of the provider's keys, by their numbers */
    char directive[PATH_MAX + 32]; /* a line that begins with a dot */
    size_t directive_len;
    char include_dir[PATH_MAX]; /* .pragma includedir */
};

static void new_line(struct reader *reader)
{
    reader->state = IN_NAME;
    reader->quote = '\0';
    reader->name_len = 0;
    reader->directive_len = 0;
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
        reader->take(reader->arg, reader->file, reader->line, reader->name, what);
}

static void note_key(struct reader *reader)
{
    const char *key;

    if (reader->section == NULL || !reader->inside)
        return;
    for (size_t i = 0; i < 64 && (key = env_config_key(i)) != NULL; i++) {
        if (strcmp(key, reader->name) != 0)
            continue;
        if ((reader->seen & UINT64_C(1) << i) != 0)
            trap(reader, "it stands there twice: the last alone counts");
        reader->seen |= UINT64_C(1) << i;
    }
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
        note_key(reader);
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
    bool first = reader->state == IN_NAME && reader->name_len == 0 && reader->directive_len == 0;

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

/* ---- what is included ---- */

static void read_stream(struct reader *reader, FILE *in);

/* A directive's argument, or NULL when it is another one: ".include = FILE" and without the =. */
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
        return; /* whoever reads the file as a whole says so */
    reader->file = path;
    reader->depth++;
    read_stream(reader, in);
    reader->depth--;
    reader->file = outer;
    reader->line = line;
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

/* As libcrypto finds it: beside includedir, or as it stands. */
static void include(struct reader *reader, const char *name)
{
    const char *dir = getenv("OPENSSL_CONF_INCLUDE");
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

static void end_line(struct reader *reader)
{
    char *argument;

    reader->directive[reader->directive_len] = '\0';
    if (reader->directive_len > 0 && reader->includes) {
        argument = argument_of(reader->directive, ".include");
        if (argument != NULL && reader->depth < INCLUDES_MAX) {
            char *name = strdup(argument); /* the line's room is needed inside */

            new_line(reader);
            if (name != NULL)
                include(reader, name);
            free(name);
        }
        argument = argument_of(reader->directive, ".pragma");
        if (argument != NULL && strncmp(argument, "includedir", 10) == 0)
            (void)snprintf(reader->include_dir, sizeof(reader->include_dir), "%s",
                           argument + 10 + strspn(argument + 10, " \t:"));
    }
    new_line(reader);
}

/* ---- a file ---- */

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
            if (c == '\r') { /* part of the line's end, or lost like any other character */
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

static void read_lines(FILE *in, const char *section, bool includes, tool_line_trap_fn *take,
                       void *arg)
{
    struct reader reader = {.section = section,
                            .take = take,
                            .arg = arg,
                            .inside = section == NULL,
                            .includes = includes};

    read_stream(&reader, in);
}

void tool_settings_lines(FILE *in, const char *section, tool_line_trap_fn *take, void *arg)
{
    read_lines(in, section, false, take, arg);
}

bool tool_settings_file_lines(const char *path, const char *section, tool_line_trap_fn *take,
                              void *arg)
{
    FILE *in = fopen(path, "re");

    if (in == NULL)
        return false;
    read_lines(in, section, true, take, arg);
    (void)fclose(in);
    return true;
}
