/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening with one of the fake KEKs as an EVP_PKEY: sealed keys by EVP_PKEY_decapsulate, short
 * messages by EVP_PKEY_decrypt. The output is the result of reference_opening.c, or nothing.
 */
#ifndef ENVELOPE_TESTS_PKEY_OPENING_H
#define ENVELOPE_TESTS_PKEY_OPENING_H

#include <openssl/types.h>
#include <stdbool.h>

#include "fuzz.h"

/* Once, before the others: loads every KEK that will be used. */
void pkey_prepare(OSSL_LIB_CTX *libctx);

/* References to KEKs that the loaded keys hold. */
int pkey_references(void);

/* in is a sealed key, or a message (decrypt), or anything else. kek chooses among the KEKs. */
void pkey_open(bool decrypt, unsigned kek, const uint8_t *in, size_t len);

#endif
