/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stock-providers-here: OpenSSL's own providers are activated by ours. Where no other line of
 * openssl.cnf does so, a program finds no algorithms without our module, and does not take a
 * stand-in for a key.
 */
#ifndef ENVELOPE_STOCK_ACTIVATE_H
#define ENVELOPE_STOCK_ACTIVATE_H

#include "provider/common/provctx.h"

/*
 * From OSSL_provider_init alone, in the library context of the program: default, or fips and base
 * where propquery demands fips=yes. What cannot be activated leaves the others active; an operation
 * says so (STOCK_NOT_ACTIVATED, from env_provctx_ready).
 */
void env_stock_activate(struct env_provctx *provctx, OSSL_LIB_CTX *program);

#endif
