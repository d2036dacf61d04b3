/* SPDX-License-Identifier: Apache-2.0 */
/* What an instance of the provider keeps about stock OpenSSL's names. */
#ifndef ENVELOPE_STOCK_INSTANCE_H
#define ENVELOPE_STOCK_INSTANCE_H

#include <openssl/core_dispatch.h>
#include <stdatomic.h>

#include "envelope/base/stock_names.h"
#include "provider/common/provctx.h"

struct env_stock {
    struct env_provctx *provctx;
    const OSSL_ALGORITHM *own_ciphers; /* the provider's other algorithms */
    const OSSL_ALGORITHM *own_skeymgmts;
    bool listed[ENV_STOCK_CIPHER_COUNT];
    int slot;
    atomic_bool no_memory;          /* in the last look */
    OSSL_ALGORITHM *closed_ciphers; /* while there is nothing in the slot: made when there was */
    OSSL_ALGORITHM closed_kdfs[2];  /* memory */
};

#endif
