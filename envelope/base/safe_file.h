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
 * Why someone other than root and the process's user may write to it ("its group may write to it"),
 * or NULL. A read-only mount is safe whatever the mode is.
 */
const char *env_file_unsafe(int fd, const struct stat *st);

/* The same, except that the file's group may write to it if the process is a member. */
const char *env_shared_file_unsafe(int fd, const struct stat *st);

/*
 * The same for a folder: anyone who may write to it can replace its files. A sticky folder of root
 * or of the process's user is safe (Kubernetes mounts its volumes that way).
 */
const char *env_folder_unsafe(int fd, const struct stat *st);

/*
 * The same for the open folder that a file is in, worded for the file ("its folder's group ...").
 */
const char *env_parent_unsafe(int folder);

/*
 * Opens a regular file for reading whose contents and name nobody else can change; the folder that
 * contains it after all links is checked too. -1 with errno, and with the reason in why (a literal,
 * or the text of errno).
 */
int env_safe_open(int dirfd, const char *path, struct stat *st, const char **why);

/* The same for a file with a secret, which must not be readable by everyone either. */
int env_safe_open_secret(const char *path, struct stat *st, const char **why);

#endif
