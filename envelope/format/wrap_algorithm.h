/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithms that a header can name for wrapping a DEK, in one table. Everything else that
 * depends on the algorithm (PKCS#11 mechanisms, texts in reports) goes by its family.
 */
#ifndef ENVELOPE_WRAP_ALGORITHM_H
#define ENVELOPE_WRAP_ALGORITHM_H

#include <stddef.h>

#include "envelope/format/wrapped.h"

enum env_wrap_family {
    ENV_WRAP_FAMILY_KW,   /* RFC 3394 */
    ENV_WRAP_FAMILY_KWP,  /* RFC 5649 */
    ENV_WRAP_FAMILY_GCM,  /* RFC 5084: 12- or 16-byte nonce, 16-byte tag appended, no AAD */
    ENV_WRAP_FAMILY_OAEP, /* RFC 4055: MGF1 of the same hash, no label */
};

struct env_wrap_algorithm {
    enum env_wrap_alg alg;
    enum env_wrap_family family;
    unsigned bits;     /* of the AES key; for OAEP, of the hash */
    int nid;           /* libcrypto's NID for the OID */
    size_t shortest;   /* bytes of a wrapped DEK */
    size_t longest;    /* the same, except for RSA, where it is the modulus's length */
    const char *words; /* "AES-256 key wrap (RFC 3394)" */
};

/* NULL for ENV_WRAP_NONE, or for a number outside the enumeration. */
const struct env_wrap_algorithm *env_wrap_algorithm(enum env_wrap_alg alg);

/* The algorithm of a family with an AES key of this length, or NULL. */
const struct env_wrap_algorithm *env_wrap_algorithm_of(enum env_wrap_family family, size_t bits);

/* The i-th of all, in no particular order; NULL after the last. */
const struct env_wrap_algorithm *env_wrap_algorithm_at(size_t i);

/* The length in bits of the AES key for alg; 0 for RSA and for none. */
size_t env_wrap_aes_bits(enum env_wrap_alg alg);

#endif
