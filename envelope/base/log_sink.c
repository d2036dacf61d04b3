/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define SYSLOG_SOCKET "/dev/log"
#define SYSLOG_WAIT_MS 1000

static const char file_prefix[] = "file:";
static const char syslog_name[] = "syslog";

static bool begins(const char *value, const char *prefix)
{
    return strncmp(value, prefix, strlen(prefix)) == 0;
}

static const char *file_path(const char *value)
{
    return begins(value, file_prefix) ? value + sizeof(file_prefix) - 1 : NULL;
}

/* Empty where it is no such value. */
static const char *socket_path(const char *value)
{
    const char *rest;

    if (!begins(value, syslog_name))
        return "";
    rest = value + sizeof(syslog_name) - 1;
    if (*rest == '\0')
        return SYSLOG_SOCKET;
    return *rest == ':' ? rest + 1 : "";
}

/* Absolute: a daemon's working directory is not the one that the administrator had in mind. */
bool env_audit_sink_is(const char *value)
{
    const char *path = file_path(value);

    if (path == NULL)
        path = socket_path(value);
    return path[0] == '/' && path[1] != '\0';
}

static bool failed(const char *path, const char *what, int error, char *why, size_t why_size)
{
    char text[128];

    (void)snprintf(why, why_size, "%s: %s: %s", path, what,
                   strerror_r(error, text, sizeof(text))); /* GNU's: returns the text */
    return false;
}

/* ---- a file ---- */

/*
 * A line that someone else could not finish (killed, or the disk was full) is not to swallow ours:
 * then ours begins with a newline.
 */
static bool ends_within_a_line(int fd, off_t size)
{
    char last = '\n';

    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len); /* of one piece, by O_APPEND, unless the disk is full */

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool append(int fd, const char *path, const char *line, size_t len, char *why,
                   size_t why_size)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return failed(path, "fstat", errno, why, why_size);
    if (!S_ISREG(st.st_mode)) {
        (void)snprintf(why, why_size, "%s: no regular file", path);
        return false;
    }
    if (len > 0 && ends_within_a_line(fd, st.st_size) && !write_all(fd, "\n", 1))
        return failed(path, "write", errno, why, why_size);
    return write_all(fd, line, len) || failed(path, "write", errno, why, why_size);
}

/* Opened for each line: after a rename the next line is in the new file. */
static bool write_file(const char *path, const char *line, size_t len, char *why, size_t why_size)
{
    int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    int fd = open(path, flags, 0600);
    bool done;

    if (fd < 0)
        return failed(path, "open", errno, why, why_size);
    done = append(fd, path, line, len, why, why_size);
    if (close(fd) != 0 && done) /* NFS and quotas tell it here */
        return failed(path, "close", errno, why, why_size);
    return done;
}

/* ---- the system's log ---- */

static int connect_to(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        int error = errno;

        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* A log daemon that hangs must not hang every program for ever. */
static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        struct pollfd waiting = {fd, POLLOUT, 0};

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            int ready = poll(&waiting, 1, SYSLOG_WAIT_MS);

            if (ready > 0 || (ready < 0 && errno == EINTR))
                continue;
            errno = ETIMEDOUT;
        }
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/*
 * As RFC 3164 has it and syslog(3) writes it, months in English whatever the program's locale is;
 * the year is in the line itself.
 */
static size_t syslog_head(char *head, size_t size)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm tm;
    char clock[32];
    char stamp[64] = "";
    int n;

    if (localtime_r(&now, &tm) != NULL && tm.tm_mon >= 0 && tm.tm_mon < 12 &&
        strftime(clock, sizeof(clock), "%e %H:%M:%S", &tm) > 0)
        (void)snprintf(stamp, sizeof(stamp), "%s %s", months[tm.tm_mon], clock);
    n = snprintf(head, size, "<%d>%s envelope[%ld]: ", LOG_AUTHPRIV | LOG_INFO, stamp,
                 (long)getpid());
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

static bool write_syslog(const char *path, const char *line, size_t len, char *why, size_t why_size)
{
    char message[8192];
    size_t head = syslog_head(message, sizeof(message));
    bool stream = false;
    bool done = true;
    int fd = connect_to(path, SOCK_DGRAM);

    if (fd < 0 && errno == EPROTOTYPE) {
        stream = true;
        fd = connect_to(path, SOCK_STREAM);
    }
    if (fd < 0)
        return failed(path, "connect", errno, why, why_size);
    if (len > 0 && head + len <= sizeof(message)) {
        memcpy(message + head, line, len);
        message[head + len - 1] = '\0'; /* in place of the newline: what ends a stream's records */
        done = send_all(fd, message, head + len - (stream ? 0 : 1)) ||
               failed(path, "send", errno, why, why_size);
    } else if (len > 0) {
        done = failed(path, "send", EMSGSIZE, why, why_size);
    }
    (void)close(fd);
    return done;
}

bool env_audit_sink_write(const char *value, const char *line, size_t len, char *why,
                          size_t why_size)
{
    const char *path = file_path(value);

    if (path != NULL)
        return write_file(path, line, len, why, why_size);
    return write_syslog(socket_path(value), line, len, why, why_size);
}
