/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/log_places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/safe_file.h"

/*
 * A line that another process could not finish (it was killed, or the disk was full) must not
 * swallow ours, so ours begins with a newline then.
 */
static bool ends_within_a_line(int fd, off_t size)
{
    char last = '\n';

    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len); /* atomic with O_APPEND, unless the disk is full */

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool refused(const char *path, const char *because, char *why, size_t why_size)
{
    (void)snprintf(why, why_size, "%s: %s", path, because);
    return false;
}

/*
 * Others who can write to the file could remove lines. Only its group may, so that users can share
 * it.
 */
static bool append(int fd, const char *path, const char *line, size_t len, char *why,
                   size_t why_size)
{
    const char *because;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return env_log_failed(path, "fstat", errno, why, why_size);
    because = S_ISREG(st.st_mode) ? env_shared_file_unsafe(fd, &st) : "it is not a regular file";
    if (because != NULL)
        return refused(path, because, why, why_size);
    if (len > 0 && ends_within_a_line(fd, st.st_size) && !write_all(fd, "\n", 1))
        return env_log_failed(path, "write", errno, why, why_size);
    return write_all(fd, line, len) || env_log_failed(path, "write", errno, why, why_size);
}

/* Opens the folder that the path leads to, through links. */
static int open_folder(const char *path, const char *slash)
{
    char folder[PATH_MAX];
    size_t len = slash == path ? 1 : (size_t)(slash - path);

    if (len >= sizeof(folder)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, len);
    folder[len] = '\0';
    return open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Opened for each line: after a rename the next line goes to the new file. */
bool env_log_file_write(const char *path, const char *line, size_t len, char *why, size_t why_size)
{
    int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    const char *slash = strrchr(path, '/'); /* it has one: env_audit_sink_is checked that */
    int folder = open_folder(path, slash);
    const char *because;
    bool done;
    int fd;

    if (folder < 0)
        return env_log_failed(path, "open", errno, why, why_size);
    because = env_parent_unsafe(folder);
    if (because != NULL) {
        (void)close(folder);
        return refused(path, because, why, why_size);
    }
    fd = openat(folder, slash + 1, flags, 0600);
    if (fd < 0)
        (void)env_log_failed(path, "open", errno, why, why_size);
    (void)close(folder);
    if (fd < 0)
        return false;
    done = append(fd, path, line, len, why, why_size);
    if (close(fd) != 0 && done) /* NFS and quotas report errors here */
        return env_log_failed(path, "close", errno, why, why_size);
    return done;
}
