/* SPDX-License-Identifier: Apache-2.0 */
#include "stopped_clock.h"

#include <stdatomic.h>
#include <stdint.h>

int64_t __real_env_clock_ms(void);
int64_t __wrap_env_clock_ms(void);

static _Atomic int64_t stands_at; /* 0: it goes */
static _Atomic int64_t ahead;     /* of the real one, while it goes */

int64_t __wrap_env_clock_ms(void)
{
    int64_t still = atomic_load(&stands_at);

    return still != 0 ? still : __real_env_clock_ms() + atomic_load(&ahead);
}

void clock_stop(void)
{
    atomic_store(&stands_at, __wrap_env_clock_ms());
}

void clock_move(unsigned milliseconds)
{
    if (atomic_load(&stands_at) != 0)
        (void)atomic_fetch_add(&stands_at, milliseconds);
    else
        (void)atomic_fetch_add(&ahead, milliseconds);
}

void clock_go(void)
{
    int64_t still = atomic_exchange(&stands_at, 0);

    if (still != 0)
        atomic_store(&ahead, still - __real_env_clock_ms());
}

int64_t __real_env_clock_seconds(void);
int64_t __wrap_env_clock_seconds(void);

static _Atomic int64_t set_to; /* 0: as the system has it */

int64_t __wrap_env_clock_seconds(void)
{
    int64_t seconds = atomic_load(&set_to);

    return seconds != 0 ? seconds : __real_env_clock_seconds();
}

void clock_set(int64_t seconds)
{
    atomic_store(&set_to, seconds);
}
