/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/thread_number.h"

#include <stdatomic.h>

unsigned env_thread_number(void)
{
    static atomic_uint last;
    static _Thread_local unsigned number; /* plus one; 0: none yet */

    if (number == 0)
        number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) % ENV_THREAD_NUMBERS + 1;
    return number - 1;
}
