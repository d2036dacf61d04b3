/* SPDX-License-Identifier: Apache-2.0 */
/* Operations with KEKs as EVP_PKEYs, and two of the fake keyring for them. */
#ifndef ENVELOPE_TESTS_KEK_OPERATIONS_H
#define ENVELOPE_TESTS_KEK_OPERATIONS_H

#include "kek_pkey.h"

#define SECRET 32u

/* The fake's KEKs 0 and 1, in their own library context. */
extern OSSL_LIB_CTX *kek_libctx;
extern EVP_PKEY *kek0;
extern EVP_PKEY *kek1;

/* A checked fixture. */
void kek_operations_set_up(void);
void kek_operations_tear_down(void);

/* A parameter "context" with these bytes. */
void context_param(OSSL_PARAM params[2], struct bytes context);

/* Seals a key, which goes to secret. */
struct bytes encapsulate(EVP_PKEY *pkey, const OSSL_PARAM params[], unsigned char secret[SECRET]);
/* Returns what EVP_PKEY_decapsulate does; secret stays as it is when that fails. */
int decapsulate(EVP_PKEY *pkey, const OSSL_PARAM params[], struct bytes sealed,
                unsigned char secret[SECRET]);

#endif
