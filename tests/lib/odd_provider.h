/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider "odd" with a few of the default provider's ciphers, whose tables lack functions or
 * have ones that nobody knows.
 */
#ifndef ENVELOPE_TESTS_ODD_PROVIDER_H
#define ENVELOPE_TESTS_ODD_PROVIDER_H

#include <openssl/core_dispatch.h>
#include <openssl/provider.h>
#include <stdbool.h>

#define ODD_CIPHERS_MAX 4

struct odd_cipher {
    const char *name;       /* of the default provider's cipher */
    const char *definition; /* its properties; NULL: provider=odd */
    int without;            /* the function that it lacks; 0: none */
    bool invented;          /* functions that nobody knows stand before and behind the others */
};

extern struct odd_cipher odd_ciphers[ODD_CIPHERS_MAX];
extern int odd_invented_called;
extern int odd_inits; /* of the first cipher, to encrypt */

void odd_reset(void);

/* Makes it known and active in the context. */
OSSL_PROVIDER *odd_load(OSSL_LIB_CTX *libctx);

#endif
