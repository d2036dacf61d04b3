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
#define LOCK_PAUSE_NS 50000000L /* 50 ms: a second in all */

ENV_RESULT tool_target_failed(const struct tool_target *target, const char *what)
{
    char text[128] = "";
    int code = errno;

    return ENV_RAISE(target->errors, ENV_R_FILE_FAILED, "%s: %s", what,
                     strerror_r(code, text, sizeof(text)));
}

static ENV_RESULT check_regular(const struct tool_target *target, const struct stat *st)
{
    if (S_ISLNK(st->st_mode))
        return ENV_RAISE(target->errors, ENV_R_FILE_UNSAFE, "a symbolic link is not followed");
    if (!S_ISREG(st->st_mode))
        return ENV_RAISE(target->errors, ENV_R_FILE_UNSAFE, "not a regular file");
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

static ENV_RESULT lock(const struct tool_target *target)
{
    const struct timespec pause = {0, LOCK_PAUSE_NS};
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (TEMP_FAILURE_RETRY(fcntl(target->fd, F_OFD_SETLK, &whole)) == 0)
            return ENV_OK;
        if (errno != EAGAIN && errno != EACCES)
            return tool_target_failed(target, "lock");
        (void)nanosleep(&pause, NULL);
    }
    return ENV_FAIL(ENV_R_FILE_LOCKED);
}

ENV_RESULT tool_target_look_again(struct tool_target *target)
{
    struct stat named;

    if (fstat(target->fd, &target->seen) != 0)
        return tool_target_failed(target, "stat");
    ENV_TRY(check_regular(target, &target->seen));
    if (fstatat(target->dir, target->name, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
        !same_inode(&named, &target->seen))
        return ENV_FAIL(ENV_R_FILE_CHANGED);
    return ENV_OK;
}

int tool_target_open_beside(const struct tool_target *target, const char *name, int flags)
{
    /* no device is opened, and no pipe waited for, even when one takes the name in between */
    const int always = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd;

    do
        fd = openat(target->dir, name, flags | always, 0600);
    while (fd < 0 && errno == EINTR);
    return fd;
}

ENV_RESULT tool_target_open(struct tool_target *target, enum tool_target_access access)
{
    struct stat st;
    ENV_RESULT r = ENV_OK;

    target->fd = -1;
    if (fstatat(target->dir, target->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return tool_target_failed(target, "stat");
    ENV_TRY(check_regular(target, &st));
    target->fd = tool_target_open_beside(target, target->name,
                                         access == TOOL_TARGET_CHANGE ? O_RDWR : O_RDONLY);
    if (target->fd < 0)
        return tool_target_failed(target, "open");
    if (access == TOOL_TARGET_CHANGE)
        r = lock(target);
    if (env_ok(r)) /* another file may have come under the name since */
        r = tool_target_look_again(target);
    if (!env_ok(r))
        tool_target_close(target);
    return r;
}

void tool_target_close(struct tool_target *target)
{
    if (target->fd >= 0)
        (void)close(target->fd);
    target->fd = -1;
}

ENV_RESULT tool_target_unchanged(const struct tool_target *target)
{
    struct stat now;
    struct stat named;

    if (fstat(target->fd, &now) != 0)
        return tool_target_failed(target, "stat");
    if (fstatat(target->dir, target->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        same_inode(&named, &target->seen) && now.st_size == target->seen.st_size &&
        same_time(&now.st_mtim, &target->seen.st_mtim) &&
        same_time(&now.st_ctim, &target->seen.st_ctim))
        return ENV_OK;
    return ENV_FAIL(ENV_R_FILE_CHANGED);
}

ENV_RESULT tool_target_read(const struct tool_target *target, off_t offset, uint8_t *to, size_t len,
                            size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n =
            TEMP_FAILURE_RETRY(pread(target->fd, to + *got, len - *got, offset + (off_t)*got));

        if (n < 0)
            return tool_target_failed(target, "read");
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return ENV_OK;
}

ENV_RESULT tool_target_header(const struct tool_target *target, uint8_t **der, size_t *der_len)
{
    uint8_t peek[ENV_HEADER_PEEK];
    size_t got = 0;
    size_t len = 0;
    ENV_RESULT r;

    ENV_TRY(tool_target_read(target, 0, peek, sizeof(peek), &got));
    ENV_TRY(env_header_length((struct env_span){peek, got}, &len));
    *der = OPENSSL_malloc(len);
    if (*der == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    r = tool_target_read(target, 0, *der, len, der_len);
    if (env_ok(r) && *der_len < len)
        r = ENV_FAIL(ENV_R_TRUNCATED);
    if (!env_ok(r)) {
        OPENSSL_free(*der);
        *der = NULL;
    }
    return r;
}

ENV_RESULT tool_target_write(const struct tool_target *target, int fd, off_t offset,
                             struct env_span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = TEMP_FAILURE_RETRY(pwrite(fd, bytes.data, bytes.len, offset));

        if (n == 0)
            errno = ENOSPC;
        if (n <= 0)
            return tool_target_failed(target, "write");
        bytes.data += n;
        bytes.len -= (size_t)n;
        offset += n;
    }
    return ENV_OK;
}

ENV_RESULT tool_target_sync(const struct tool_target *target, int fd)
{
    if (TEMP_FAILURE_RETRY(fsync(fd)) != 0)
        return tool_target_failed(target, "sync");
    return ENV_OK;
}

ENV_RESULT tool_target_sync_dir(const struct tool_target *target)
{
    int dir = target->dir;
    ENV_RESULT r = ENV_OK;

    /* a directory that was opened to find names only can not be synced by that descriptor */
    if ((fcntl(dir, F_GETFL) & O_PATH) != 0)
        dir = openat(target->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: the file system has no syncing of directories */
    if (dir < 0 || (TEMP_FAILURE_RETRY(fsync(dir)) != 0 && errno != EINVAL))
        r = tool_target_failed(target, "sync of the directory");
    if (dir >= 0 && dir != target->dir)
        (void)close(dir);
    return r;
}
