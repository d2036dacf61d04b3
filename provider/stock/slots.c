/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/slots.h"

#include "provider/stock/instance.h"

static atomic_bool claimed[ENV_STOCK_SLOTS];
_Atomic(const struct env_splices *) env_slots[ENV_STOCK_SLOTS];

/* The first is the default context's. */
int env_slot_claim(bool is_default)
{
    for (int i = is_default ? 0 : 1; i < ENV_STOCK_SLOTS; i++) {
        if (!atomic_exchange(&claimed[i], true))
            return i;
    }
    return ENV_STOCK_NO_SLOT;
}

void env_slot_release(int slot)
{
    if (slot == ENV_STOCK_NO_SLOT)
        return;
    atomic_store(&env_slots[slot], NULL);
    atomic_store(&claimed[slot], false);
}

const struct env_splices *env_slot_get(int slot)
{
    return slot == ENV_STOCK_NO_SLOT ? NULL
                                     : atomic_load_explicit(&env_slots[slot], memory_order_acquire);
}

const struct env_splices *env_splices_of(const struct env_provctx *provctx)
{
    return env_slot_get(provctx->stock->slot);
}

bool env_slot_put(int slot, const struct env_splices *splices)
{
    const struct env_splices *nothing = NULL;

    return atomic_compare_exchange_strong(&env_slots[slot], &nothing, splices);
}
