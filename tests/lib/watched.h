/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A caller that holds a cipher to its output contract (contract.h): every call gets a buffer of
 * exactly what it may write.
 */
#ifndef ENVELOPE_TESTS_WATCHED_H
#define ENVELOPE_TESTS_WATCHED_H

#include "contract.h"

struct watched {
    EVP_CIPHER_CTX *ctx;
    const struct contract *contract;
    int sealing;
    size_t done; /* input so far */
    struct bytes out;
    uint64_t state; /* of the choice between the two kinds of buffer */
};

/* Begins a message; len is all of the input. */
struct watched watch(OSSL_LIB_CTX *libctx, const struct contract *contract, int sealing,
                     size_t len);
/* Calls that must succeed and keep to the contract. */
void watched_update(struct watched *w, const unsigned char *in, size_t len);
/* final; returns all that came out. */
struct bytes watched_end(struct watched *w);

#endif
