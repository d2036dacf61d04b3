/* SPDX-License-Identifier: Apache-2.0 */
/* The internals of the operations: what is sealed, the result, and how it is checked. */
#ifndef FAULTY_PIECES_H
#define FAULTY_PIECES_H

#include "operations.h"

#define PLAIN_LEN 100u
#define KEY_LEN 32u
#define ROOM 8192u

struct piece {
    enum { MESSAGE, SEALED_KEY, SHORT_MESSAGE } kind;
    unsigned char secret[KEY_LEN]; /* of a sealed key */
    unsigned long number;          /* of the case that it comes from */
    size_t len;
    unsigned char data[2048];
};

extern const unsigned char pieces_plain[PLAIN_LEN];

/* The text of the environment, or the default. */
const char *pieces_setting(const char *name, const char *otherwise);

/* Sealed under faults: it will have to open. Returns the outcome that it was given. */
enum outcome pieces_keep(const struct piece *piece, enum outcome outcome);

enum outcome pieces_same(bool done, const void *out, size_t len, const void *expected,
                         size_t expected_len);

/* ---- keys of OpenSSL: operations_keys.c ---- */

enum outcome keys_list(OSSL_LIB_CTX *libctx);
enum outcome keys_generate(OSSL_LIB_CTX *libctx);
enum outcome keys_generate_rsa(OSSL_LIB_CTX *libctx);
enum outcome keys_generate_dated(OSSL_LIB_CTX *libctx);
enum outcome keys_copy(OSSL_LIB_CTX *libctx);
enum outcome keys_encapsulate(OSSL_LIB_CTX *libctx);
enum outcome keys_prepare_decapsulate(OSSL_LIB_CTX *libctx);
enum outcome keys_decapsulate(OSSL_LIB_CTX *libctx);
enum outcome keys_encrypt(OSSL_LIB_CTX *libctx);
enum outcome keys_prepare_decrypt(OSSL_LIB_CTX *libctx);
enum outcome keys_decrypt(OSSL_LIB_CTX *libctx);

/* ---- stock OpenSSL's names: operations_stock.c ---- */

enum outcome stock_seal(OSSL_LIB_CTX *libctx);

/* Whether a piece of keys opens. */
enum outcome keys_open_piece(OSSL_LIB_CTX *libctx, const struct piece *piece);

#endif
