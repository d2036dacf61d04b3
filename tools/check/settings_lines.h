/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps that only the text of an openssl.cnf shows: what is not quoted is cut at a #, has $ put in
 * for variables, and loses its backslashes; of a key that is given twice the last counts alone. The
 * file itself need not be one that OpenSSL can read.
 */
#ifndef ENVELOPE_TOOL_SETTINGS_LINES_H
#define ENVELOPE_TOOL_SETTINGS_LINES_H

#include <stdbool.h>
#include <stdio.h>

/* key, what and file are good for the call alone. file: NULL for the one that was given. */
typedef void tool_line_trap_fn(void *arg, const char *file, unsigned long line, const char *key,
                               const char *what);

/* Looks at the lines of one section. What it includes is not looked at. */
void tool_settings_lines(FILE *in, const char *section, tool_line_trap_fn *take, void *arg);

/* The same with what it includes. False, with errno: the file cannot be opened. */
bool tool_settings_file_lines(const char *path, const char *section, tool_line_trap_fn *take,
                              void *arg);

/*
 * The name of the provider's section in a file that OpenSSL cannot read, with what it includes:
 * OPENSSL_free; NULL: none is to be seen.
 */
char *tool_settings_find_section(const char *path);

#endif
