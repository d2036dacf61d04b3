/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stock-providers-here: our provider activates OpenSSL's own. If no other line of openssl.cnf does
 * so, a program without our module finds no algorithms, and so cannot take a stand-in for a key.
 */
#ifndef ENVELOPE_STOCK_ACTIVATE_H
#define ENVELOPE_STOCK_ACTIVATE_H

#include "provider/common/provctx.h"

/*
 * Only to be called from OSSL_provider_init, in the program's library context: activates default,
 * or fips and base if propquery requires fips=yes. If one cannot be activated, the others stay
 * active, and operations report it (STOCK_NOT_ACTIVATED, from env_provctx_ready).
 */
void env_stock_activate(struct env_provctx *provctx, OSSL_LIB_CTX *program);

#endif
