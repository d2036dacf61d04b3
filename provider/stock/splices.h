/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one instance has taken from other providers: their dispatch tables, in which the functions
 * that receive keys are replaced. Everything else, including the context, is stock OpenSSL's own.
 * It is built once, and does not change until the instance is freed.
 */
#ifndef ENVELOPE_STOCK_SPLICES_H
#define ENVELOPE_STOCK_SPLICES_H

#include "envelope/base/stock_names.h"
#include "provider/common/newer_dispatch.h"
#include "provider/common/provctx.h"

/*
 * The most entries in a table of ours: the functions of OpenSSL 3.0, and the end marker. Functions
 * of later releases (pipelines, EVP_SKEYs) are other ways to pass keys; without them libcrypto uses
 * the old ones.
 */
#define ENV_CIPHER_FUNCTIONS 14
#define ENV_KDF_FUNCTIONS 11
#define ENV_SKEYMGMT_FUNCTIONS 7

enum env_skeymgmt_id { ENV_SKEYMGMT_AES, ENV_SKEYMGMT_GENERIC, ENV_SKEYMGMT_COUNT };

/* stock is the context of the provider that it comes from; taken: the entry is used. */
struct env_cipher_splice {
    bool taken;
    void *stock;
    OSSL_FUNC_cipher_newctx_fn *newctx;
    OSSL_FUNC_cipher_encrypt_init_fn *encrypt_init;
    OSSL_FUNC_cipher_decrypt_init_fn *decrypt_init;
    OSSL_DISPATCH table[ENV_CIPHER_FUNCTIONS + 1];
};

struct env_kdf_splice {
    bool taken;
    void *stock;
    OSSL_FUNC_kdf_newctx_fn *newctx;
    OSSL_FUNC_kdf_derive_fn *derive;
    OSSL_FUNC_kdf_set_ctx_params_fn *set_ctx_params;
    OSSL_DISPATCH table[ENV_KDF_FUNCTIONS + 1];
};

struct env_skeymgmt_splice {
    bool taken;
    void *stock;
    OSSL_FUNC_skeymgmt_import_fn *import;
    OSSL_FUNC_skeymgmt_generate_fn *generate;
    OSSL_DISPATCH table[ENV_SKEYMGMT_FUNCTIONS + 1];
};

struct env_splices {
    struct env_provctx *provctx;
    const bool *listed; /* by env_stock_id: key-ciphers names it */
    struct env_cipher_splice ciphers[ENV_STOCK_CIPHER_COUNT];
    struct env_kdf_splice kdf;
    struct env_skeymgmt_splice skeymgmts[ENV_SKEYMGMT_COUNT];
};

#endif
