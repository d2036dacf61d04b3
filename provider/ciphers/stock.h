/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphers of the same name from another provider. */
#ifndef ENVELOPE_STOCK_H
#define ENVELOPE_STOCK_H

#include <openssl/evp.h>

#include "provider/ciphers/wrap_common.h"

/*
 * The kind's cipher, which stays ours; NULL when no other provider offers it now. Takes no lock of
 * ours and leaves nothing on the error stack.
 */
EVP_CIPHER *env_stock_cipher(struct env_provctx *provctx, const struct env_wrap_kind *kind);

/* Frees what was fetched. */
void env_stock_clear(struct env_provctx *provctx);

#endif
