/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stock OpenSSL's names that we serve (key-ciphers, key-kdfs). A program's key goes to stock
 * OpenSSL's own implementation, in its own context; a named key's stand-in is replaced by the key
 * on the way. A listed name must never disappear, because stock OpenSSL would take the stand-in for
 * the key. So what cannot be spliced is offered closed.
 */
#ifndef ENVELOPE_STOCK_H
#define ENVELOPE_STOCK_H

#include "provider/common/provctx.h"

/*
 * To be called when the provider is loaded, once its configuration was read. The lists are our own
 * algorithms, and must outlive it. Does nothing if neither key is set. False: no memory.
 */
bool env_stock_start(struct env_provctx *provctx, const OSSL_ALGORITHM *own_ciphers,
                     const OSSL_ALGORITHM *own_skeymgmts);
void env_stock_end(struct env_provctx *provctx);

/* Whether query_operation must call env_stock_query. */
bool env_stock_has(const struct env_provctx *provctx, int operation_id);

/*
 * The provider's answer for such an operation; never NULL. Takes no lock. *no_cache: libcrypto
 * should ask again, because there was nothing to splice yet.
 */
const OSSL_ALGORITHM *env_stock_query(const struct env_provctx *provctx, int operation_id,
                                      int *no_cache);

#endif
