/* SPDX-License-Identifier: Apache-2.0 */
#include "ring_kek.h"

struct env_kek *kek;

void ring_kek_teardown(void)
{
    env_kek_free(kek);
    ring_teardown();
}
