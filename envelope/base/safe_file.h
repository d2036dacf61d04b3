/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that others must not be able to change: keys, certificates to seal to, PINs, the audit log.
 * Links are followed; their target is checked.
 */
#ifndef ENVELOPE_SAFE_FILE_H
#define ENVELOPE_SAFE_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Why someone other than root and the process's user may write to it, in words ("its group may
 * write to it"), or NULL. A read-only mount is safe whatever the mode.
 */
const char *env_file_unsafe(int fd, const struct stat *st);

/* The same, but that members of the file's group may write to it when the process is one of them.
 */
const char *env_shared_file_unsafe(int fd, const struct stat *st);

/*
 * The same for a folder: anyone who may write to it can replace its files. One that is sticky and
 * belongs to root or the process's user is safe (Kubernetes mounts its volumes so).
 */
const char *env_folder_unsafe(int fd, const struct stat *st);

/* The same of the open folder that a file is in, in words about the file ("its folder's group
 * ..."). */
const char *env_parent_unsafe(int folder);

/*
 * Opens a regular file for reading that nobody else can change, neither itself nor its name: the
 * folder in which the last of its links ends is judged too. -1, with why (a literal text, or what
 * errno means) and errno.
 */
int env_safe_open(int dirfd, const char *path, struct stat *st, const char **why);

/* The same of a file with a secret: not everyone may read it either. */
int env_safe_open_secret(const char *path, struct stat *st, const char **why);

#endif
