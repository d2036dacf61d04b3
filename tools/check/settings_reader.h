/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of an openssl.cnf, as libcrypto takes it apart: sections, names, values, and what is
 * done to a value that is not in quotes. The file need not be one that OpenSSL can read. Memory
 * does not grow with it.
 */
#ifndef ENVELOPE_TOOL_SETTINGS_READER_H
#define ENVELOPE_TOOL_SETTINGS_READER_H

#include <stdbool.h>
#include <stdio.h>

#define TOOL_SETTINGS_NAME 128u /* room for a name; what is longer is cut */
#define TOOL_SETTINGS_DEPTH 8u  /* files that are included inside one another */

enum tool_oddity {
    TOOL_ODDITY_CUT,       /* the value ends at a # that no blank stands before */
    TOOL_ODDITY_VARIABLE,  /* a $ and what follows; variable has the name */
    TOOL_ODDITY_BACKSLASH, /* one that is left out of the value */
};

/* Where the reader is. All of it is good for the call alone. */
struct tool_place {
    const char *file; /* NULL: the one that was given; else one that it includes */
    unsigned long line;
    const char *section; /* "default" before the first */
    const char *name;
};

/* Each may be NULL. */
struct tool_settings_events {
    void *arg;
    /* An included file begins (deeper), or has ended and the one around it goes on. */
    void (*file)(void *arg, bool deeper);
    /* A name and its =. */
    void (*name)(void *arg, const struct tool_place *place);
    /* variable of $NAME, ${NAME} or $(NAME), with the bracket that it has. */
    void (*oddity)(void *arg, const struct tool_place *place, enum tool_oddity oddity,
                   const char *variable);
    /* At the end of the line; value without quotes, and as it stands there otherwise. */
    void (*value)(void *arg, const struct tool_place *place, const char *value);
};

/* What is included is read too where includes says so. */
void tool_settings_read_stream(FILE *in, bool includes, const struct tool_settings_events *events);

#endif
