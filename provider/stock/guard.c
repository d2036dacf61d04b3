/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/guard.h"

static _Thread_local unsigned depth;

void env_stock_guard_up(void)
{
    depth++;
}

void env_stock_guard_down(void)
{
    depth--;
}

bool env_stock_guard_is_up(void)
{
    return depth > 0;
}
