/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/clock.h"

#include <time.h>

static int64_t milliseconds(clockid_t clock)
{
    struct timespec now = {0};
    int64_t ms;

    (void)clock_gettime(clock, &now);
    ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    return ms > 0 ? ms : 1; /* it counts from the start of the machine */
}

int64_t env_clock_ms(void)
{
    return milliseconds(CLOCK_MONOTONIC);
}

int64_t env_clock_coarse_ms(void)
{
    return milliseconds(CLOCK_MONOTONIC_COARSE);
}

int64_t env_clock_seconds(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}
