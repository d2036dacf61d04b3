/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps that only the text of an openssl.cnf shows: what is not quoted is cut at a #, has $ put in
 * for variables, and loses its backslashes. The file itself need not be one that OpenSSL can read.
 */
#ifndef ENVELOPE_TOOL_SETTINGS_LINES_H
#define ENVELOPE_TOOL_SETTINGS_LINES_H

#include <stdio.h>

/* key and what are good for the call alone. */
typedef void tool_line_trap_fn(void *arg, unsigned long line, const char *key, const char *what);

/* Looks at the lines of one section; NULL: of all. Memory does not grow with the file. */
void tool_settings_lines(FILE *in, const char *section, tool_line_trap_fn *take, void *arg);

#endif
