/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/locked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "envelope/format/header.h"

#define LOCK_TRIES 20u
#define LOCK_PAUSE_NS 50000000L /* 50 ms; one second in all */

ENV_RESULT tool_locked_file_failed(const struct tool_locked_file *locked, const char *what)
{
    char text[128] = "";
    int code = errno;

    return ENV_RAISE(locked->errors, ENV_R_FILE_FAILED, "%s: %s", what,
                     strerror_r(code, text, sizeof(text)));
}

static ENV_RESULT check_regular(const struct tool_locked_file *locked, const struct stat *st)
{
    if (S_ISLNK(st->st_mode))
        return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE, "a symbolic link is not followed");
    if (!S_ISREG(st->st_mode))
        return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE, "not a regular file");
    return ENV_OK;
}

static bool same_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

ENV_RESULT tool_locked_file_lock(const struct tool_locked_file *locked, int fd)
{
    const struct timespec pause = {0, LOCK_PAUSE_NS};
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (TEMP_FAILURE_RETRY(fcntl(fd, F_OFD_SETLK, &whole)) == 0)
            return ENV_OK;
        if (errno != EAGAIN && errno != EACCES)
            return tool_locked_file_failed(locked, "lock");
        (void)nanosleep(&pause, NULL);
    }
    return ENV_FAIL(ENV_R_FILE_LOCKED);
}

bool tool_locked_file_has_name(const struct tool_locked_file *locked)
{
    struct stat named;

    return fstatat(locked->dir, locked->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           same_inode(&named, &locked->seen);
}

ENV_RESULT tool_locked_file_look_again(struct tool_locked_file *locked)
{
    if (fstat(locked->fd, &locked->seen) != 0)
        return tool_locked_file_failed(locked, "stat");
    ENV_TRY(check_regular(locked, &locked->seen));
    return tool_locked_file_has_name(locked) ? ENV_OK : ENV_FAIL(ENV_R_FILE_CHANGED);
}

int tool_locked_file_open_beside(const struct tool_locked_file *locked, const char *name, int flags)
{
    /* never opens a device or waits for a pipe, even if one takes the name meanwhile */
    const int always = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd;

    do
        fd = openat(locked->dir, name, flags | always, 0600);
    while (fd < 0 && errno == EINTR);
    return fd;
}

ENV_RESULT tool_locked_file_open(struct tool_locked_file *locked,
                                 enum tool_locked_file_access access)
{
    struct stat st;
    ENV_RESULT r = ENV_OK;

    locked->fd = -1;
    if (fstatat(locked->dir, locked->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return tool_locked_file_failed(locked, "stat");
    ENV_TRY(check_regular(locked, &st));
    locked->fd = tool_locked_file_open_beside(
        locked, locked->name, access == TOOL_LOCKED_FILE_CHANGE ? O_RDWR : O_RDONLY);
    if (locked->fd < 0)
        return tool_locked_file_failed(locked, "open");
    if (access == TOOL_LOCKED_FILE_CHANGE)
        r = tool_locked_file_lock(locked, locked->fd);
    if (env_ok(r)) /* the name may belong to another file by now */
        r = tool_locked_file_look_again(locked);
    if (!env_ok(r))
        tool_locked_file_close(locked);
    return r;
}

void tool_locked_file_close(struct tool_locked_file *locked)
{
    if (locked->fd >= 0)
        (void)close(locked->fd);
    locked->fd = -1;
}

ENV_RESULT tool_locked_file_unchanged(const struct tool_locked_file *locked)
{
    struct stat now;

    if (fstat(locked->fd, &now) != 0)
        return tool_locked_file_failed(locked, "stat");
    if (tool_locked_file_has_name(locked) && now.st_size == locked->seen.st_size &&
        same_time(&now.st_mtim, &locked->seen.st_mtim) &&
        same_time(&now.st_ctim, &locked->seen.st_ctim))
        return ENV_OK;
    return ENV_FAIL(ENV_R_FILE_CHANGED);
}

ENV_RESULT tool_locked_file_read(const struct tool_locked_file *locked, off_t offset, uint8_t *to,
                                 size_t len, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n =
            TEMP_FAILURE_RETRY(pread(locked->fd, to + *got, len - *got, offset + (off_t)*got));

        if (n < 0)
            return tool_locked_file_failed(locked, "read");
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return ENV_OK;
}

ENV_RESULT tool_locked_file_header(const struct tool_locked_file *locked, uint8_t **der,
                                   size_t *der_len)
{
    uint8_t peek[ENV_HEADER_PEEK];
    size_t got = 0;
    size_t len = 0;
    ENV_RESULT r;

    ENV_TRY(tool_locked_file_read(locked, 0, peek, sizeof(peek), &got));
    ENV_TRY(env_header_length((struct env_span){peek, got}, &len));
    *der = OPENSSL_malloc(len);
    if (*der == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = tool_locked_file_read(locked, 0, *der, len, der_len);
    if (env_ok(r) && *der_len < len)
        r = ENV_FAIL(ENV_R_TRUNCATED);
    if (!env_ok(r)) {
        OPENSSL_free(*der);
        *der = NULL;
    }
    return r;
}

ENV_RESULT tool_locked_file_write(const struct tool_locked_file *locked, int fd, off_t offset,
                                  struct env_span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = TEMP_FAILURE_RETRY(pwrite(fd, bytes.data, bytes.len, offset));

        if (n == 0)
            errno = ENOSPC;
        if (n <= 0)
            return tool_locked_file_failed(locked, "write");
        bytes.data += n;
        bytes.len -= (size_t)n;
        offset += n;
    }
    return ENV_OK;
}

ENV_RESULT tool_locked_file_sync(const struct tool_locked_file *locked, int fd)
{
    if (TEMP_FAILURE_RETRY(fsync(fd)) != 0)
        return tool_locked_file_failed(locked, "sync");
    return ENV_OK;
}

ENV_RESULT tool_locked_file_sync_dir(const struct tool_locked_file *locked)
{
    int dir = locked->dir;
    ENV_RESULT r = ENV_OK;

    /* a descriptor that was opened with O_PATH cannot sync its directory */
    if ((fcntl(dir, F_GETFL) & O_PATH) != 0)
        dir = (int)TEMP_FAILURE_RETRY(openat(locked->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    /* EINVAL: the file system cannot sync directories */
    if (dir < 0 || (TEMP_FAILURE_RETRY(fsync(dir)) != 0 && errno != EINVAL))
        r = tool_locked_file_failed(locked, "sync of the directory");
    if (dir >= 0 && dir != locked->dir)
        (void)close(dir);
    return r;
}
