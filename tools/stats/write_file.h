/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a file that others may read at the same time: they see the old or the new one, complete.
 */
#ifndef ENVELOPE_TOOL_WRITE_FILE_H
#define ENVELOPE_TOOL_WRITE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * Replaces path by the output of write, with this mode, after syncing it to the disk. False: why
 * has the reason, and path is unchanged.
 */
bool tool_write_file(const char *path, mode_t mode, void (*write)(FILE *out, const void *arg),
                     const void *arg, char *why, size_t why_size);

#endif
