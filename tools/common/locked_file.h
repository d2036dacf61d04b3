/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is going to be changed: opened without following a link, below a directory that is
 * open already, so that no component of its path can be swapped; regular; locked. And the calls on
 * it, each of which goes on after a signal and after a piece. Failures are raised; the caller says
 * which file it is: FILE_FAILED, FILE_LOCKED, FILE_CHANGED, FILE_UNSAFE.
 */
#ifndef ENVELOPE_TOOL_TARGET_H
#define ENVELOPE_TOOL_TARGET_H

#include <sys/stat.h>

#include "envelope/format/crypto.h"
#include "envelope/base/error.h"

struct tool_target {
    const struct env_errors *errors;
    int dir;          /* the directory, open */
    const char *name; /* in that directory */
    int fd;
    struct stat seen; /* as it was when it was opened */
};

enum tool_target_access {
    TOOL_TARGET_LOOK,   /* to read; not locked */
    TOOL_TARGET_CHANGE, /* to read and write; locked until it is closed */
};

/*
 * Opens target->name; the first four fields are set. The lock is the kernel's for an open file
 * (fcntl F_OFD_SETLK) on the whole of it, which also meets programs that use fcntl's older locks;
 * where another holds one, a second is waited and then FILE_LOCKED returned.
 */
ENV_RESULT tool_target_open(struct tool_target *target, enum tool_target_access access);
void tool_target_close(struct tool_target *target);

/* Opens a name in the same directory, in the same way; -1 and errno. A new file is its owner's. */
int tool_target_open_beside(const struct tool_target *target, const char *name, int flags);

/* Takes the file as it is now for the one to change; FILE_CHANGED when it has the name no more. */
ENV_RESULT tool_target_look_again(struct tool_target *target);

/* FILE_CHANGED unless the file, and what stands under its name, are still as they were. */
ENV_RESULT tool_target_unchanged(const struct tool_target *target);

/* Reads up to len bytes; fewer only where the file ends. */
ENV_RESULT tool_target_read(const struct tool_target *target, off_t offset, uint8_t *to, size_t len,
                            size_t *got);

/*
 * The header of the message that the file holds: *der is freed with OPENSSL_free. Its bytes are not
 * judged but for their length: NOT_A_MESSAGE, HEADER_TOO_LONG, TRUNCATED.
 */
ENV_RESULT tool_target_header(const struct tool_target *target, uint8_t **der, size_t *der_len);

/* The same for any descriptor. */
ENV_RESULT tool_target_write(const struct tool_target *target, int fd, off_t offset,
                             struct env_span bytes);
ENV_RESULT tool_target_sync(const struct tool_target *target, int fd);
ENV_RESULT tool_target_sync_dir(const struct tool_target *target);

/* A call that failed, as errno says; what is "rename" for example. */
ENV_RESULT tool_target_failed(const struct tool_target *target, const char *what);

#endif
