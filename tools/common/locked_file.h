/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is going to be changed. It is opened without following a link, below an open
 * directory, so that no component of its path can be swapped; it must be a regular file; and it is
 * locked. The calls here restart after signals and continue after short transfers. Failures are
 * raised, and the caller says which file it is: FILE_FAILED, FILE_LOCKED, FILE_CHANGED,
 * FILE_UNSAFE.
 */
#ifndef ENVELOPE_TOOL_LOCKED_FILE_H
#define ENVELOPE_TOOL_LOCKED_FILE_H

#include <sys/stat.h>

#include "envelope/base/error.h"
#include "envelope/format/crypto.h"

struct tool_locked_file {
    const struct env_errors *errors;
    int dir;          /* the open directory */
    const char *name; /* the name in it */
    int fd;
    struct stat seen; /* the file's status when it was opened */
};

enum tool_locked_file_access {
    TOOL_LOCKED_FILE_LOOK,   /* for reading; not locked */
    TOOL_LOCKED_FILE_CHANGE, /* for reading and writing; locked until it is closed */
};

/*
 * Opens locked->name; the first four fields must be set. The lock is an open file description lock
 * (F_OFD_SETLK) on the whole file, which also conflicts with fcntl's older locks. If another holder
 * keeps it for more than a second, fails with FILE_LOCKED.
 */
ENV_RESULT tool_locked_file_open(struct tool_locked_file *locked,
                                 enum tool_locked_file_access access);
void tool_locked_file_close(struct tool_locked_file *locked);

/*
 * Opens a name in the same directory in the same way; -1 and errno on failure. Only the owner may
 * access a new file.
 */
int tool_locked_file_open_beside(const struct tool_locked_file *locked, const char *name,
                                 int flags);

/*
 * Accepts the file's present state as the one to change. FILE_CHANGED if it no longer has the name.
 */
ENV_RESULT tool_locked_file_look_again(struct tool_locked_file *locked);

/* FILE_CHANGED unless the file, and the file with its name, are unchanged. */
ENV_RESULT tool_locked_file_unchanged(const struct tool_locked_file *locked);

/* Whether the file, changed or not, still has its name. */
bool tool_locked_file_has_name(const struct tool_locked_file *locked);

/* Reads up to len bytes; fewer only at the end of the file. */
ENV_RESULT tool_locked_file_read(const struct tool_locked_file *locked, off_t offset, uint8_t *to,
                                 size_t len, size_t *got);

/*
 * The header of the message in the file: *der is freed with OPENSSL_free. Only its length is
 * checked: NOT_A_MESSAGE, HEADER_TOO_LONG, TRUNCATED.
 */
ENV_RESULT tool_locked_file_header(const struct tool_locked_file *locked, uint8_t **der,
                                   size_t *der_len);

/* The same lock for any descriptor that is open for writing. */
ENV_RESULT tool_locked_file_lock(const struct tool_locked_file *locked, int fd);
ENV_RESULT tool_locked_file_write(const struct tool_locked_file *locked, int fd, off_t offset,
                                  struct env_span bytes);
ENV_RESULT tool_locked_file_sync(const struct tool_locked_file *locked, int fd);
ENV_RESULT tool_locked_file_sync_dir(const struct tool_locked_file *locked);

/* Raises a failed call with errno; what is "rename" for example. */
ENV_RESULT tool_locked_file_failed(const struct tool_locked_file *locked, const char *what);

#endif
