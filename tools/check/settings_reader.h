/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses the text of an openssl.cnf like libcrypto: sections, names, values, and what happens to
 * values without quotes. The file need not be one that OpenSSL can read. Memory use does not depend
 * on its size.
 */
#ifndef ENVELOPE_TOOL_SETTINGS_READER_H
#define ENVELOPE_TOOL_SETTINGS_READER_H

#include <stdbool.h>
#include <stdio.h>

#define TOOL_SETTINGS_NAME 128u /* room for a name; longer names are cut */
#define TOOL_SETTINGS_DEPTH 8u  /* how deep included files may nest */

enum tool_oddity {
    TOOL_ODDITY_CUT,       /* the value ends at a # without a blank before it */
    TOOL_ODDITY_VARIABLE,  /* a $ and what follows; `variable` has the name */
    TOOL_ODDITY_BACKSLASH, /* a backslash that is removed from the value */
};

/* The current position. Valid only during the call. */
struct tool_place {
    const char *file; /* NULL: the main file; otherwise an included one */
    unsigned long line;
    const char *section; /* "default" before the first section */
    const char *name;
};

/* Any of them may be NULL. */
struct tool_settings_events {
    void *arg;
    /* An included file begins (deeper), or has ended, and the outer one continues. */
    void (*file)(void *arg, bool deeper);
    /* A name followed by =. */
    void (*name)(void *arg, const struct tool_place *place);
    /* variable is of the form $NAME, ${NAME} or $(NAME), with its opening bracket. */
    void (*oddity)(void *arg, const struct tool_place *place, enum tool_oddity oddity,
                   const char *variable);
    /* Called at the end of the line. value is without quotes, but otherwise unprocessed. */
    void (*value)(void *arg, const struct tool_place *place, const char *value);
};

/* With includes, included files are read too. */
void tool_settings_read_stream(FILE *in, bool includes, const struct tool_settings_events *events);

#endif
