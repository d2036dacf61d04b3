/* SPDX-License-Identifier: Apache-2.0 */
/* What a test of a keyring on SoftHSM begins and ends with: a Check fixture, and the ring. */
#ifndef TEST_RING_CASE_H
#define TEST_RING_CASE_H

#include "p11_shim.h"
#include "softhsm_fixture.h"

/* NULL at the beginning, made by the test with ring_new; what is left of it the end frees. */
extern struct env_keyring *ring;

/* A token "kek" without keys, and its configuration. */
void ring_setup(void);
/* The same with a KEK "orders", id 0102, and the shim before the module. */
void ring_setup_orders(void);
/* A token "kek" without keys; the KEK is "orders" of whichever token, an imported one too. */
void ring_setup_any_token(void);

void ring_teardown(void);

#endif
