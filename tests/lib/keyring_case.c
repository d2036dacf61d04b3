/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring_case.h"

#include "stopped_clock.h"

struct env_keyring *keyring;

void keyring_setup(void)
{
    clock_stop(); /* tests that need time to pass start it */
    shim_reset();
    softhsm_setup();
    keyring_config_reset();
    keyring = NULL;
}

void keyring_setup_orders(void)
{
    keyring_setup();
    softhsm_make_key(&(struct softhsm_key){.label = "orders", .id = "0102"});
    shim_on();
}

void keyring_setup_any_token(void)
{
    keyring_setup();
    keyring_set(&keyring_config()->token, NULL);
    keyring_set(&keyring_config()->kek, "orders");
    keyring_set(&keyring_config()->allow_imported_kek, "yes");
}

void keyring_teardown(void)
{
    if (keyring != NULL)
        keyring_free(keyring);
    keyring_config_clear();
    softhsm_teardown();
}
