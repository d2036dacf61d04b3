/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stock OpenSSL's key wrap (standard-names), for keys that do not name a KEK. A context is ours
 * until it has a key, which may name a KEK. For any other key it contains a context of stock
 * OpenSSL, and all its work is done by stock OpenSSL's own functions.
 */
#ifndef ENVELOPE_STOCK_WRAPS_H
#define ENVELOPE_STOCK_WRAPS_H

#include <openssl/core_dispatch.h>

#include "provider/common/provctx.h"

/* The functions of one cipher. Those after final may be NULL. */
struct env_wrap_splice {
    void *stock; /* the context of the provider that it comes from */
    OSSL_FUNC_cipher_newctx_fn *newctx;
    OSSL_FUNC_cipher_freectx_fn *freectx;
    OSSL_FUNC_cipher_encrypt_init_fn *encrypt_init;
    OSSL_FUNC_cipher_decrypt_init_fn *decrypt_init;
    OSSL_FUNC_cipher_update_fn *update;
    OSSL_FUNC_cipher_final_fn *final;
    OSSL_FUNC_cipher_dupctx_fn *dupctx;
    OSSL_FUNC_cipher_get_ctx_params_fn *get_ctx_params;
    OSSL_FUNC_cipher_set_ctx_params_fn *set_ctx_params;
    OSSL_FUNC_cipher_gettable_ctx_params_fn *gettable_ctx_params;
    OSSL_FUNC_cipher_settable_ctx_params_fn *settable_ctx_params;
};

/*
 * The functions for a name, whose number (below ENV_WRAP_KINDS) must be given too; with fips, those
 * of a provider that has fips=yes. NULL if no other provider offers it now; that may change. Takes
 * no lock of ours, and leaves nothing on the error stack.
 */
const struct env_wrap_splice *env_wrap_splice(struct env_provctx *provctx, unsigned number,
                                              const char *name, bool fips);

/* To be called when no context uses one any more. */
void env_wrap_splices_end(struct env_provctx *provctx);

#endif
