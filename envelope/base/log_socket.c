/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/log_places.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "envelope/base/clock.h"

/* A listener that accepts no connection is treated like one that does not read. */
static bool set_patience(int fd)
{
    const struct timeval wait = {ENV_LOG_WAIT_MS / 1000, ENV_LOG_WAIT_MS % 1000 * 1000};

    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0;
}

static int connect_to(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (!set_patience(fd) ||
                    connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)) {
        int error = errno == EAGAIN ? ETIMEDOUT : errno;

        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* -1, with the reason in why. */
static int connect_either(const char *path, bool *stream, char *why, size_t why_size)
{
    int fd = connect_to(path, SOCK_DGRAM);

    *stream = fd < 0 && errno == EPROTOTYPE;
    if (*stream)
        fd = connect_to(path, SOCK_STREAM);
    if (fd < 0)
        (void)env_log_failed(path, "connect", errno, why, why_size);
    return fd;
}

/*
 * The header of RFC 3164, as syslog(3) writes it. Months are in English, whatever the program's
 * locale is. The year is in the line itself.
 */
static size_t syslog_head(char *head, size_t size)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = (time_t)env_clock_seconds();
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

bool env_log_syslog_write(const char *path, const char *line, size_t len, char *why,
                          size_t why_size)
{
    char message[8192];
    size_t head = syslog_head(message, sizeof(message));
    bool stream;
    bool done = true;
    int fd = connect_either(path, &stream, why, why_size);

    if (fd < 0)
        return false;
    if (len > 0 && head + len <= sizeof(message)) {
        memcpy(message + head, line, len);
        message[head + len - 1] = '\0'; /* replaces the newline: it ends a record in a stream */
        done = env_log_send_all(fd, true, message, head + len - (stream ? 0 : 1)) ||
               env_log_failed(path, "send", errno, why, why_size);
    } else if (len > 0) {
        done = env_log_failed(path, "send", EMSGSIZE, why, why_size);
    }
    (void)close(fd);
    return done;
}

bool env_log_unix_write(const char *path, const char *line, size_t len, char *why, size_t why_size)
{
    bool stream;
    bool done;
    int fd = connect_either(path, &stream, why, why_size);

    if (fd < 0)
        return false;
    done =
        env_log_send_all(fd, true, line, len) || env_log_failed(path, "send", errno, why, why_size);
    (void)close(fd);
    return done;
}
