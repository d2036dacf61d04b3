/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Surrounds every look at what other providers offer. libcrypto then asks our provider too, in the
 * same thread, and it answers nothing while the guard is up. The guard is never up during a PKCS#11
 * call.
 */
#ifndef ENVELOPE_STOCK_GUARD_H
#define ENVELOPE_STOCK_GUARD_H

#include <stdbool.h>

void env_stock_guard_up(void);
void env_stock_guard_down(void);

/* Whether this thread is looking at other providers. */
bool env_stock_guard_is_up(void);

#endif
