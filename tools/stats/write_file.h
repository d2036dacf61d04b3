/* SPDX-License-Identifier: Apache-2.0 */
/* A file that others read while it is written: they see the old one or the new one, whole. */
#ifndef ENVELOPE_TOOL_WRITE_FILE_H
#define ENVELOPE_TOOL_WRITE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * What write puts out takes the place of path, on the disk before it does, with this mode. False:
 * why has words, and path is as it was.
 */
bool tool_write_file(const char *path, mode_t mode, void (*write)(FILE *out, const void *arg),
                     const void *arg, char *why, size_t why_size);

#endif
