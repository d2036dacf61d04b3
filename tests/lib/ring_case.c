/* SPDX-License-Identifier: Apache-2.0 */
#include "ring_case.h"

struct env_keyring *ring;

void ring_setup(void)
{
    shim_reset();
    softhsm_setup();
    ring_config_reset();
    ring = NULL;
}

void ring_setup_orders(void)
{
    ring_setup();
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    shim_on();
}

void ring_setup_any_token(void)
{
    ring_setup();
    ring_set(&ring_config()->token, NULL);
    ring_set(&ring_config()->kek, "orders");
    ring_set(&ring_config()->allow_imported_kek, "yes");
}

void ring_teardown(void)
{
    if (ring != NULL)
        ring_free(ring);
    ring_config_clear();
    softhsm_teardown();
}
