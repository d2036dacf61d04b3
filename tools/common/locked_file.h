/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is going to be changed: opened without following a link, below a directory that is
 * open already, so that no component of its path can be swapped; regular; locked. And the calls on
 * it, each of which goes on after a signal and after a piece. Failures are raised; the caller says
 * which file it is: FILE_FAILED, FILE_LOCKED, FILE_CHANGED, FILE_UNSAFE.
 */
#ifndef ENVELOPE_TOOL_LOCKED_FILE_H
#define ENVELOPE_TOOL_LOCKED_FILE_H

#include <sys/stat.h>

#include "envelope/base/error.h"
#include "envelope/format/crypto.h"

struct tool_locked_file {
    const struct env_errors *errors;
    int dir;          /* the directory, open */
    const char *name; /* in that directory */
    int fd;
    struct stat seen; /* as it was when it was opened */
};

enum tool_locked_file_access {
    TOOL_LOCKED_FILE_LOOK,   /* to read; not locked */
    TOOL_LOCKED_FILE_CHANGE, /* to read and write; locked until it is closed */
};

/*
 * Opens locked->name; the first four fields are set. The lock is the kernel's for an open file
 * (fcntl F_OFD_SETLK) on the whole of it, which also meets programs that use fcntl's older locks;
 * where another holds one, a second is waited and then FILE_LOCKED returned.
 */
ENV_RESULT tool_locked_file_open(struct tool_locked_file *locked,
                                 enum tool_locked_file_access access);
void tool_locked_file_close(struct tool_locked_file *locked);

/* Opens a name in the same directory, in the same way; -1 and errno. A new file is its owner's. */
int tool_locked_file_open_beside(const struct tool_locked_file *locked, const char *name,
                                 int flags);

/* Takes the file as it is now for the one to change; FILE_CHANGED when it has the name no more. */
ENV_RESULT tool_locked_file_look_again(struct tool_locked_file *locked);

/* FILE_CHANGED unless the file, and what stands under its name, are still as they were. */
ENV_RESULT tool_locked_file_unchanged(const struct tool_locked_file *locked);

/* Whether the file, changed or not, is what stands under its name. */
bool tool_locked_file_has_name(const struct tool_locked_file *locked);

/* Reads up to len bytes; fewer only where the file ends. */
ENV_RESULT tool_locked_file_read(const struct tool_locked_file *locked, off_t offset, uint8_t *to,
                                 size_t len, size_t *got);

/*
 * The header of the message that the file holds: *der is freed with OPENSSL_free. Its bytes are not
 * judged but for their length: NOT_A_MESSAGE, HEADER_TOO_LONG, TRUNCATED.
 */
ENV_RESULT tool_locked_file_header(const struct tool_locked_file *locked, uint8_t **der,
                                   size_t *der_len);

/* The same for any descriptor, which is open for writing. */
ENV_RESULT tool_locked_file_lock(const struct tool_locked_file *locked, int fd);
ENV_RESULT tool_locked_file_write(const struct tool_locked_file *locked, int fd, off_t offset,
                                  struct env_span bytes);
ENV_RESULT tool_locked_file_sync(const struct tool_locked_file *locked, int fd);
ENV_RESULT tool_locked_file_sync_dir(const struct tool_locked_file *locked);

/* A call that failed, as errno says; what is "rename" for example. */
ENV_RESULT tool_locked_file_failed(const struct tool_locked_file *locked, const char *what);

#endif
