/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stock OpenSSL's key wrap (standard-names), for the keys that name no KEK. A context is ours until
 * it has a key, which may name a KEK; for any other it has a context of stock OpenSSL's inside, and
 * all that is done with it is done by stock OpenSSL's own functions.
 */
#ifndef ENVELOPE_STOCK_WRAPS_H
#define ENVELOPE_STOCK_WRAPS_H

#include <openssl/core_dispatch.h>

#include "provider/common/provctx.h"

/* The functions of one cipher. Those after final may be NULL. */
struct env_wrap_splice {
    void *stock; /* the context of the provider that it is from */
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
 * That of the name, whose number (below ENV_WRAP_KINDS) it is; of a provider that has fips=yes
 * where that is demanded. NULL when no other provider offers it now: another time one may. Takes no
 * lock of ours and leaves nothing on the error stack.
 */
const struct env_wrap_splice *env_wrap_splice(struct env_provctx *provctx, unsigned number,
                                              const char *name, bool fips);

/* Nobody has a context with one any more. */
void env_wrap_splices_end(struct env_provctx *provctx);

#endif
