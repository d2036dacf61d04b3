/* SPDX-License-Identifier: Apache-2.0 */
/* KEKs as EVP_PKEYs over the fake keyring, for unit tests. */
#ifndef ENVELOPE_TESTS_KEK_PKEY_H
#define ENVELOPE_TESTS_KEK_PKEY_H

#include "caller.h"
#include "fake_keyring.h"

/* A keygen context with the label (NULL: none). */
EVP_PKEY_CTX *kek_keygen_ctx(OSSL_LIB_CTX *libctx, const char *label);

/* The fake's KEK of this label, loaded through OSSL_STORE. */
EVP_PKEY *kek_load(OSSL_LIB_CTX *libctx, const char *label);

/* What an encoder makes of the key; fails the test where it fails. */
struct bytes kek_encode(EVP_PKEY *pkey, int selection, const char *type, const char *structure);

/* What the decoders make of it, or NULL. type: "PEM" or "DER". */
EVP_PKEY *kek_decode(OSSL_LIB_CTX *libctx, struct bytes encoded, const char *type);

/* A context for the key that is ready for one kind of operation. */
EVP_PKEY_CTX *kek_ctx(OSSL_LIB_CTX *libctx, EVP_PKEY *pkey,
                      int (*init)(EVP_PKEY_CTX *ctx, const OSSL_PARAM params[]),
                      const OSSL_PARAM params[]);

#endif
