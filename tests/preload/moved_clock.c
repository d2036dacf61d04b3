/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD: what day it is for a program is what a file says, whose path is in MOVED_CLOCK:
 * seconds since 1970. It may be written while the program runs. Without the file it is today. The
 * monotonic clock goes as it goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* 0: the system's own. */
static time_t moved_to(void)
{
    const char *path = getenv("MOVED_CLOCK");
    int before = errno;
    char text[32] = "";
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        if (read(fd, text, sizeof(text) - 1) < 0)
            text[0] = '\0';
        (void)close(fd);
    }
    errno = before;
    return (time_t)strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    time_t moved = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? moved_to() : 0;

    if (moved == 0)
        return (int)syscall(SYS_clock_gettime, clock, now);
    *now = (struct timespec){.tv_sec = moved};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
