/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of spliced algorithms in which a stand-in may be passed. */
#ifndef ENVELOPE_STOCK_MARKED_CALLS_H
#define ENVELOPE_STOCK_MARKED_CALLS_H

#include "provider/stock/splices.h"

/* The arguments of a cipher's init. */
struct env_init {
    void *ctx;
    const unsigned char *key;
    size_t key_len;
    const unsigned char *iv;
    size_t iv_len;
    const OSSL_PARAM *params;
};

/*
 * An init whose key bytes do not look like a key. Marked bytes never reach stock OpenSSL, unless
 * this thread is inside a token's own call: the named key replaces them, or the init fails.
 */
int env_marked_init(const struct env_splices *splices, enum env_stock_id id,
                    OSSL_FUNC_cipher_encrypt_init_fn *stock, const struct env_init *init);

/* For PBKDF2, with any parameters. */
int env_kdf_derive(const struct env_splices *splices, void *ctx, unsigned char *key, size_t len,
                   const OSSL_PARAM params[]);
/*
 * A derivation fails: fills its output with random bytes. Some programs ignore the result
 * (sqlcipher 3.4) and use the output, which would be a key of zeros.
 */
void env_kdf_spoil(const struct env_provctx *provctx, unsigned char *out, size_t len);
int env_kdf_set_ctx_params(const struct env_splices *splices, void *ctx, const OSSL_PARAM params[]);

#endif
