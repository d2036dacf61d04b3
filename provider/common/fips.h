/* SPDX-License-Identifier: Apache-2.0 */
/* Whether only approved algorithms may be used. */
#ifndef ENVELOPE_FIPS_H
#define ENVELOPE_FIPS_H

#include "provider/common/provctx.h"

/* Whether a query demands it; NULL: none. */
bool env_fips_in_query(const char *query);

/*
 * Whether propquery or the program's default properties require fips=yes; an optional clause
 * (?fips=yes) does not count. A negative answer is cached for a second: asking libcrypto takes a
 * tenth of a short field's time, and a lock. Under such default properties no new fetch finds our
 * ciphers.
 */
bool env_fips_demanded(struct env_provctx *provctx);

#endif
