/* SPDX-License-Identifier: Apache-2.0 */
/* Setup and teardown of a test of a keyring on SoftHSM: a Check fixture, and the keyring. */
#ifndef TEST_KEYRING_CASE_H
#define TEST_KEYRING_CASE_H

#include "p11_shim.h"
#include "softhsm_fixture.h"

/* NULL at first, made by the test with keyring_new; freed at the end. */
extern struct env_keyring *keyring;

/* A token "kek" without keys, and its configuration. */
void keyring_setup(void);
/* The same with a KEK "orders", id 0102, and the shim before the module. */
void keyring_setup_orders(void);
/* A token "kek" without keys; the KEK is "orders" of whichever token, an imported one too. */
void keyring_setup_any_token(void);

void keyring_teardown(void);

#endif
