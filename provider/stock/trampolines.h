/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our functions in spliced tables. A function that gets our provider's context (newctx) finds its
 * instance by that. A function that gets stock OpenSSL's context (an init) exists once for each
 * slot. They look at the key, and then call stock OpenSSL's function.
 */
#ifndef ENVELOPE_STOCK_TRAMPOLINES_H
#define ENVELOPE_STOCK_TRAMPOLINES_H

#include "provider/stock/slots.h"

struct env_cipher_trampolines {
    OSSL_FUNC_cipher_encrypt_init_fn *encrypt_init;
    OSSL_FUNC_cipher_decrypt_init_fn *decrypt_init;
};

extern const struct env_cipher_trampolines env_cipher_trampolines[ENV_STOCK_SLOTS]
                                                                 [ENV_STOCK_CIPHER_COUNT];
extern OSSL_FUNC_cipher_newctx_fn *const env_cipher_newctx[ENV_STOCK_CIPHER_COUNT];

struct env_kdf_trampolines {
    OSSL_FUNC_kdf_derive_fn *derive;
    OSSL_FUNC_kdf_set_ctx_params_fn *set_ctx_params;
};

extern const struct env_kdf_trampolines env_kdf_trampolines[ENV_STOCK_SLOTS];
OSSL_FUNC_kdf_newctx_fn env_kdf_newctx;

struct env_skeymgmt_trampolines {
    OSSL_FUNC_skeymgmt_import_fn *import;
    OSSL_FUNC_skeymgmt_generate_fn *generate;
};

extern const struct env_skeymgmt_trampolines env_skeymgmt_trampolines[ENV_SKEYMGMT_COUNT];

#endif
