/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/log_places.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "envelope/base/clock.h"

bool env_log_failed(const char *place, const char *what, int error, char *why, size_t why_size)
{
    char text[128];

    (void)snprintf(why, why_size, "%s: %s: %s", place, what,
                   strerror_r(error, text, sizeof(text))); /* the GNU version: returns the text */
    return false;
}

/* True if it can take data now, or has failed, which the next call on it reports. */
static bool wait_for(int fd, int64_t until)
{
    struct pollfd waiting = {fd, POLLOUT, 0};
    int64_t left;
    int ready;

    do {
        left = until - env_clock_ms();
        ready = left < 0 ? 0 : poll(&waiting, 1, (int)left);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0;
}

/*
 * A log reader that hangs must not hang every program, so we poll first: we must not change the
 * other end of a pipe to non-blocking.
 */
bool env_log_send_all(int fd, bool is_socket, const char *data, size_t len)
{
    int64_t until = env_clock_ms() + ENV_LOG_WAIT_MS;

    while (len > 0) {
        ssize_t n;

        if (!wait_for(fd, until))
            return false;
        n = is_socket ? send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) : write(fd, data, len);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}
