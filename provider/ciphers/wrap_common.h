/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key wrap with a KEK in a token, as EVP's wrap ciphers have it: one update takes everything and
 * gives everything, final gives nothing. What wrap_cipher.c and wrap_standard.c share.
 */
#ifndef ENVELOPE_WRAP_ONCE_H
#define ENVELOPE_WRAP_ONCE_H

#include <openssl/params.h>

#include "provider/common/provctx.h"

/* What tells the six ciphers apart. */
struct env_wrap_kind {
    enum env_raw_wrap alg;
    unsigned bits;
    unsigned index;    /* in env_provctx.stock_wrap */
    const char *stock; /* the name that stock OpenSSL has for it */
};

extern const struct env_wrap_kind env_wrap_kind_128, env_wrap_kind_192, env_wrap_kind_256;
extern const struct env_wrap_kind env_wrap_kind_128_pad, env_wrap_kind_192_pad,
    env_wrap_kind_256_pad;

static inline size_t env_wrap_key_len(const struct env_wrap_kind *kind)
{
    return kind->bits / 8;
}

static inline size_t env_wrap_iv_len(const struct env_wrap_kind *kind)
{
    return kind->alg == ENV_RAW_KW ? 8 : 4;
}

/* One message of a context. */
struct env_wrap_once {
    struct env_provctx *provctx;
    const struct env_wrap_kind *kind;
    bool initialised;
    bool wrapping;
    bool used;   /* the one update has been */
    bool failed; /* until the context is initialised again */
};

/* Whether these bytes are the initial value of the standard. */
bool env_wrap_default_iv(const struct env_wrap_kind *kind, const uint8_t *iv, size_t iv_len);

void env_wrap_begin(struct env_wrap_once *once, bool wrapping);

/*
 * With out NULL it only tells how long the output may be. Otherwise libcrypto gives an out_size of
 * in_len + 8, which is less than RFC 5649 needs for a length that is no multiple of 8: like stock
 * OpenSSL's, our output then goes up to 7 bytes further, and callers size their buffers for that.
 * *out_len is always set.
 */
ENV_RESULT env_wrap_update(struct env_wrap_once *once, const struct env_selector *selector,
                           const uint8_t *in, size_t in_len, uint8_t *out, size_t out_size,
                           size_t *out_len);

ENV_RESULT env_wrap_final(const struct env_wrap_once *once);

/* Answers what libcrypto asks of every cipher: the same as stock OpenSSL's. */
int env_wrap_get_params(const struct env_wrap_kind *kind, OSSL_PARAM params[]);
const OSSL_PARAM *env_wrap_gettable_params(void *provctx);

/* A key length that is being set: only the one that it has. */
ENV_RESULT env_wrap_set_key_len(const struct env_wrap_once *once, const OSSL_PARAM params[]);

#endif
