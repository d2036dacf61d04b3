/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories of a test's own, below $TMPDIR (or /tmp). */
#ifndef TEST_TEMPORARY_H
#define TEST_TEMPORARY_H

#include <stdio.h>

#define TEMPORARY_PATH 256

/* Makes one, puts its path there, and returns its descriptor. */
int temporary_file(char path[TEMPORARY_PATH]);
/* The same without a name. */
int temporary_nameless_file(void);
void temporary_directory(char path[TEMPORARY_PATH]);

/* Closes a file that was written; asserts that all of it is there. */
void temporary_close(FILE *file, const char *path);
/* What a test says that fails where a full disk may be why: how much room there is at path. */
const char *temporary_room(const char *path);
/* Asserts that the disk is not full, because SoftHSM would not report that. */
void temporary_has_room(const char *path);

#endif
