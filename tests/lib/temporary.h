/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories of a test's own, below $TMPDIR (or /tmp). */
#ifndef TEST_TEMPORARY_H
#define TEST_TEMPORARY_H

#define TEMPORARY_PATH 256

/* Makes one, puts its path there, and returns its descriptor. */
int temporary_file(char path[TEMPORARY_PATH]);
/* The same without a name. */
int temporary_nameless_file(void);
void temporary_directory(char path[TEMPORARY_PATH]);

#endif
