/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key wrap with a KEK in a token, as EVP's wrap ciphers do it: one update reads and writes
 * everything, final writes nothing. Shared by wrap_cipher.c and wrap_stock_names.c.
 */
#ifndef ENVELOPE_WRAP_ONCE_H
#define ENVELOPE_WRAP_ONCE_H

#include "provider/ciphers/cipher_edge.h"

/* What distinguishes the six ciphers. */
struct env_wrap_kind {
    enum env_key_wrap_kind alg;
    unsigned bits;
    unsigned index;    /* below ENV_WRAP_KINDS */
    const char *stock; /* its name in stock OpenSSL */
};

extern const struct env_wrap_kind env_wrap_kind_128, env_wrap_kind_192, env_wrap_kind_256;
extern const struct env_wrap_kind env_wrap_kind_128_pad, env_wrap_kind_192_pad,
    env_wrap_kind_256_pad;

static inline size_t env_wrap_key_len(const struct env_wrap_kind *kind)
{
    return kind->bits / 8;
}

/* The beginning of a context: its kind and its one message. */
struct env_wrap_once {
    struct env_cipher_ctx base;
    const struct env_wrap_kind *kind;
    bool initialised;
    bool wrapping;
    bool used;   /* the one update was made */
    bool failed; /* until the context is initialised again */
};

/* For newctx: env_cipher_ctx_new with a kind. */
ENV_RESULT env_wrap_ctx_new(struct env_provctx *provctx, const struct env_cipher_family *family,
                            const struct env_wrap_kind *kind, void **ctx);

/* Whether these bytes are the standard's initial value. */
bool env_wrap_default_iv(const struct env_wrap_kind *kind, struct env_span iv);

void env_wrap_begin(struct env_wrap_once *once, bool wrapping);

/*
 * With io->out NULL it only gives the greatest length of the output. libcrypto passes an out_size
 * of in_len + 8, but RFC 5649 needs up to 7 bytes more when in_len is not a multiple of 8. Like
 * stock OpenSSL we write them: callers size their buffers for that.
 */
ENV_RESULT env_wrap_update(struct env_wrap_once *once, const struct env_selector *selector,
                           struct env_io *io);

ENV_RESULT env_wrap_final(const struct env_wrap_once *once);

/* Answers like stock OpenSSL's cipher. */
bool env_wrap_answer(const struct env_wrap_kind *kind, OSSL_PARAM params[]);
OSSL_FUNC_cipher_gettable_params_fn env_wrap_gettable_params;

/* A key length in params must be the cipher's own. Fails with WRAP_KEY_LENGTH. */
ENV_RESULT env_wrap_check_key_len(const struct env_wrap_once *once, const OSSL_PARAM params[]);

#endif
