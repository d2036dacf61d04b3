/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The callbacks of all our ciphers. A cipher belongs to a family, which supplies the functions
 * behind the callbacks, and its kind distinguishes it within the family. Its dispatch table has the
 * callbacks below, and functions of its own: newctx, get_params and the lists of parameters.
 *
 * Every callback accepts a NULL context: it fails with NO_CONTEXT.
 */
#ifndef ENVELOPE_CIPHER_EDGE_H
#define ENVELOPE_CIPHER_EDGE_H

#include <openssl/core_dispatch.h>

#include "envelope/format/crypto.h"
#include "envelope/message/stream.h"
#include "provider/common/edge.h"
#include "provider/keys/kek_skeymgmt.h"

/* The beginning of every cipher's context. */
struct env_cipher_ctx {
    struct env_provctx *provctx;
    const struct env_cipher_family *family;
};

/* The arguments of an init, except for the parameters. data is NULL if there is none. */
struct env_cipher_init {
    bool encrypt;
    struct env_span key;
    const void *skey; /* NULL: none */
    struct env_span iv;
};

struct env_cipher_family {
    size_t ctx_size;
    ENV_RESULT(*init)
    (struct env_cipher_ctx *ctx, const struct env_cipher_init *init, const OSSL_PARAM params[]);
    /* io->in_len may be 0; io->in may then be NULL. */
    ENV_RESULT (*update)(struct env_cipher_ctx *ctx, struct env_io *io);
    ENV_RESULT (*final)(struct env_cipher_ctx *ctx, struct env_io *io);
    /*
     * Gives a bytewise copy its own instance of everything that contexts do not share. On failure
     * the copy is cleared, so pointers that it does not own must be NULL.
     */
    ENV_RESULT (*separate)(struct env_cipher_ctx *copy, const struct env_cipher_ctx *from);
    /* Frees what the context holds; the context itself is wiped and freed afterwards. */
    void (*clear)(struct env_cipher_ctx *ctx);
    /* False if a parameter could not be set. */
    bool (*get_params)(const struct env_cipher_ctx *ctx, OSSL_PARAM params[]);
    ENV_RESULT (*set_params)(struct env_cipher_ctx *ctx, const OSSL_PARAM params[]);
};

/* For newctx. The rest of the context is zero. Fails with NO_MEMORY or FOREIGN_LIBCRYPTO. */
ENV_RESULT env_cipher_ctx_new(struct env_provctx *provctx, const struct env_cipher_family *family,
                              void **ctx);

OSSL_FUNC_cipher_freectx_fn env_cipher_freectx;
OSSL_FUNC_cipher_dupctx_fn env_cipher_dupctx;
OSSL_FUNC_cipher_encrypt_init_fn env_cipher_encrypt_init;
OSSL_FUNC_cipher_decrypt_init_fn env_cipher_decrypt_init;
OSSL_FUNC_cipher_encrypt_skey_init_fn env_cipher_encrypt_skey_init;
OSSL_FUNC_cipher_decrypt_skey_init_fn env_cipher_decrypt_skey_init;
/* *out_len is always set, to 0 on failure. */
OSSL_FUNC_cipher_update_fn env_cipher_update;
OSSL_FUNC_cipher_final_fn env_cipher_final;
/*
 * EVP_Cipher: an update with input, a final without. If it is missing, EVP_Cipher returns 1 instead
 * of a length.
 */
OSSL_FUNC_cipher_cipher_fn env_cipher_cipher;
OSSL_FUNC_cipher_get_ctx_params_fn env_cipher_get_ctx_params;
OSSL_FUNC_cipher_set_ctx_params_fn env_cipher_set_ctx_params;

/* The callbacks above that every cipher has, as rows of its dispatch table. */
/* clang-format off */
#define ENV_CIPHER_ROWS                                                                            \
    {OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))env_cipher_freectx},                                \
    {OSSL_FUNC_CIPHER_DUPCTX, (void (*)(void))env_cipher_dupctx},                                  \
    {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))env_cipher_encrypt_init},                      \
    {OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))env_cipher_decrypt_init},                      \
    {OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))env_cipher_update},                                  \
    {OSSL_FUNC_CIPHER_FINAL, (void (*)(void))env_cipher_final},                                    \
    {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (void (*)(void))env_cipher_get_ctx_params},                  \
    {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (void (*)(void))env_cipher_set_ctx_params}
/* clang-format on */

#endif
