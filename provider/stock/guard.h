/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Around every look at what other providers offer: our own provider is among those that libcrypto
 * asks then, by the same thread, and answers nothing while the guard is up. It is never up during a
 * PKCS#11 call.
 */
#ifndef ENVELOPE_STOCK_GUARD_H
#define ENVELOPE_STOCK_GUARD_H

#include <stdbool.h>

void env_stock_guard_up(void);
void env_stock_guard_down(void);

/* Whether this thread looks. */
bool env_stock_guard_is_up(void);

#endif
