/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps that only the text of an openssl.cnf shows. A value without quotes is cut at a #, has its
 * variables ($) expanded, and loses its backslashes. If a key is given twice, only the last one
 * counts. The file need not be one that OpenSSL can read.
 */
#ifndef ENVELOPE_TOOL_SETTINGS_LINES_H
#define ENVELOPE_TOOL_SETTINGS_LINES_H

#include <stdbool.h>
#include <stdio.h>

/* key, what and file are valid only during the call. file is NULL for the main file. */
typedef void tool_line_trap_fn(void *arg, const char *file, unsigned long line, const char *key,
                               const char *what);

/* Checks the lines of one section, without included files. */
void tool_settings_lines(FILE *in, const char *section, tool_line_trap_fn *take, void *arg);

/* The same with included files. False, with errno: the file cannot be opened. */
bool tool_settings_file_lines(const char *path, const char *section, tool_line_trap_fn *take,
                              void *arg);

/*
 * The name of the provider's section in a file that OpenSSL cannot read, with included files. Freed
 * with OPENSSL_free; NULL: none found.
 */
char *tool_settings_find_section(const char *path);

#endif
