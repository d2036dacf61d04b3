/* SPDX-License-Identifier: Apache-2.0 */
/* Whether only what is approved may be used. */
#ifndef ENVELOPE_FIPS_H
#define ENVELOPE_FIPS_H

#include "provider/common/provctx.h"

/* Whether a query demands it; NULL: none. */
bool env_fips_in_query(const char *query);

/*
 * fips=yes is demanded, by propquery or by the program's default properties; not wished for. A
 * negative answer is remembered for a second: asking libcrypto takes a tenth of a short field's
 * time, and a lock. Under such default properties no new fetch finds our ciphers.
 */
bool env_fips_demanded(struct env_provctx *provctx);

#endif
