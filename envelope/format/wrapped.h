/* SPDX-License-Identifier: Apache-2.0 */
/* A wrapped DEK in a header, and what names its KEK. */
#ifndef ENVELOPE_WRAPPED_H
#define ENVELOPE_WRAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ENV_DEK_LEN 32u            /* bytes of a data key */
#define ENV_KEK_ID_MAX 64u         /* longest KEK reference (CKA_ID) in bytes */
#define ENV_WRAPPED_MAX 1024u      /* longest wrapped DEK in bytes (RSA-8192) */
#define ENV_RSA_WRAPPED_MIN 256u   /* shortest one of RSA (2048 bits, with allow-weak-kek) */
#define ENV_KEK_RECIPIENTS_MAX 32u /* most KEKs of one message */
#define ENV_GCM_NONCE_LEN 12u      /* for a nonce that we make; a token may make one of ... */
#define ENV_GCM_NONCE_MAX 16u

/*
 * How a DEK is wrapped, according to the header. The AES key's length is part of the OID.
 * wrap_algorithm.h has the properties of each.
 */
enum env_wrap_alg {
    ENV_WRAP_NONE = 0,
    ENV_WRAP_AES128_KW, /* RFC 3394: 40 bytes for a DEK */
    ENV_WRAP_AES192_KW,
    ENV_WRAP_AES256_KW,
    ENV_WRAP_AES128_KWP, /* RFC 5649: 40 bytes */
    ENV_WRAP_AES192_KWP,
    ENV_WRAP_AES256_KWP,
    ENV_WRAP_AES128_GCM, /* 12- or 16-byte nonce, 16-byte tag appended, no AAD: 48 bytes */
    ENV_WRAP_AES192_GCM,
    ENV_WRAP_AES256_GCM,
    ENV_WRAP_RSA_OAEP_SHA1, /* RSAES-OAEP, MGF1 of the same hash, no label: as long as the modulus
                             */
    ENV_WRAP_RSA_OAEP_SHA256,
    ENV_WRAP_ALGS, /* their number, including none */
};

static inline bool env_gcm_nonce_fits(size_t len)
{
    return len == ENV_GCM_NONCE_LEN || len == ENV_GCM_NONCE_MAX;
}

static inline bool env_wrap_is_rsa(enum env_wrap_alg alg)
{
    return alg == ENV_WRAP_RSA_OAEP_SHA1 || alg == ENV_WRAP_RSA_OAEP_SHA256;
}

struct env_wrapped {
    enum env_wrap_alg alg;
    size_t nonce_len; /* GCM: ENV_GCM_NONCE_LEN or ENV_GCM_NONCE_MAX; else 0 */
    uint8_t nonce[ENV_GCM_NONCE_MAX];
    size_t len;
    uint8_t data[ENV_WRAPPED_MAX];
};

struct env_kek_id {
    size_t len; /* 1 to ENV_KEK_ID_MAX */
    uint8_t bytes[ENV_KEK_ID_MAX];
};

static inline bool env_kek_id_equal(const struct env_kek_id *a, const struct env_kek_id *b)
{
    /* a token may have reported a longer CKA_ID: there is nothing to compare then */
    return a->len == b->len && (a->len > ENV_KEK_ID_MAX || memcmp(a->bytes, b->bytes, a->len) == 0);
}

#endif
