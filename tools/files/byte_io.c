/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/byte_io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tools/files/interrupt.h"

ENV_RESULT tool_call_failed(const struct env_errors *errors, const char *what)
{
    return ENV_RAISE(errors, ENV_R_FILE_FAILED, "%s: %s", what, strerrordesc_np(errno));
}

/*
 * Whether to repeat a failed call. Waits if the descriptor is non-blocking (another user of a
 * terminal may have made it so).
 */
static bool is_for_again(int fd, short events)
{
    struct pollfd wanted = {.fd = fd, .events = events};

    if (errno == EINTR)
        return true;
    return errno == EAGAIN && (poll(&wanted, 1, -1) >= 0 || errno == EINTR);
}

ENV_RESULT tool_read_some(const struct env_errors *errors, int fd, uint8_t *to, size_t size,
                          size_t *got)
{
    *got = 0;
    while (!tool_interrupt_seen()) {
        ssize_t n = read(fd, to, size);

        if (n >= 0) {
            *got = (size_t)n;
            return ENV_OK;
        }
        if (!is_for_again(fd, POLLIN))
            return tool_call_failed(errors, "read");
    }
    return ENV_FAIL(ENV_R_STOPPED);
}

ENV_RESULT tool_write_all(const struct env_errors *errors, int fd, struct env_span bytes)
{
    while (bytes.len > 0) {
        ssize_t n;

        if (tool_interrupt_seen())
            return ENV_FAIL(ENV_R_STOPPED);
        n = write(fd, bytes.data, bytes.len);
        if (n == 0)
            errno = ENOSPC;
        if (n <= 0) {
            if (n < 0 && is_for_again(fd, POLLOUT))
                continue;
            if (errno == EPIPE)
                tool_interrupt_no_reader();
            return tool_call_failed(errors, "write");
        }
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
    return ENV_OK;
}
