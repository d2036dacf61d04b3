/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/log_places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/sigpipe.h"

#define PLACE "stderr"

static bool refused(const char *because, char *why, size_t why_size)
{
    (void)snprintf(why, why_size, PLACE ": %s", because);
    return false;
}

static bool is_local(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t len = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

/*
 * A program that closed its descriptor 2 may have something else there now, such as a database file
 * or a client's connection, which must not get our lines. Returns why it cannot be logged to, or
 * NULL.
 */
static const char *no_log(const struct stat *st)
{
    if (S_ISFIFO(st->st_mode) || S_ISCHR(st->st_mode))
        return NULL;
    if (S_ISSOCK(st->st_mode))
        return is_local(STDERR_FILENO) ? NULL : "descriptor 2 is a network connection";
    if (!S_ISREG(st->st_mode))
        return "descriptor 2 cannot be logged to";
    return (fcntl(STDERR_FILENO, F_GETFL) & O_ACCMODE) == O_WRONLY
               ? NULL
               : "descriptor 2 is a file that the program also reads";
}

/*
 * Our own non-blocking end of the pipe: others write to it too, so the answer of poll(2) may be
 * outdated. Falls back to the normal end if that cannot be opened (root made the pipe).
 */
static int own_end(const struct stat *st)
{
    int fd = -1;

    if (S_ISFIFO(st->st_mode))
        fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return fd >= 0 ? fd : STDERR_FILENO;
}

bool env_log_stderr_write(const char *line, size_t len, char *why, size_t why_size)
{
    struct env_sigpipe held;
    const char *because;
    struct stat st;
    bool done;
    int error;
    int fd;

    if (fstat(STDERR_FILENO, &st) != 0)
        return env_log_failed(PLACE, "fstat", errno, why, why_size);
    because = no_log(&st);
    if (because != NULL)
        return refused(because, why, why_size);
    fd = own_end(&st);
    env_sigpipe_hold(&held);
    done = env_log_send_all(fd, S_ISSOCK(st.st_mode), line, len);
    error = errno;
    env_sigpipe_release(&held);
    if (fd != STDERR_FILENO)
        (void)close(fd);
    return done || env_log_failed(PLACE, "write", error, why, why_size);
}
