/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs do with KEKs, each as one step that succeeds or fails. openssl.cnf names the KEKs,
 * and the environment does:
 *
 *     FAULTS_KEK      label of the KEK that is used as a key of OpenSSL (orders)
 *     FAULTS_OLD_KEK  label of the one that messages are re-wrapped from (invoices)
 *     FAULTS_FILE     file: name of the public half of the former
 *     FAULTS_STAND_IN of a named key for AES-256-GCM, the bytes of which operations_stock.c has
 */
#ifndef FAULTY_OPERATIONS_H
#define FAULTY_OPERATIONS_H

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stddef.h>

/* The label of keys that an operation makes. */
#define OPERATION_NEW_KEY "made"

/* The one whose failures are remembered for a second. */
#define OPERATION_STOCK "stock-seal"

enum outcome {
    OUTCOME_FAILED,
    OUTCOME_GOOD,
    OUTCOME_WRONG, /* it succeeded with wrong output */
};

struct operation {
    const char *name;
    /* Makes what it works on, without faults; NULL: nothing. */
    enum outcome (*prepare)(OSSL_LIB_CTX *libctx);
    enum outcome (*run)(OSSL_LIB_CTX *libctx);
    unsigned makes_objects; /* that stay on the token */
    bool touches_no_token;
};

/* Ends with a NULL name: those for AES KEKs, all of which one token can do, then the others. */
extern const struct operation operations[];
#define OPERATIONS_AES 13u

/* Ends the program when there is none of this name. */
const struct operation *operation_named(const char *name);
void operation_prepare(const struct operation *operation, OSSL_LIB_CTX *libctx);
void operations_prepare(OSSL_LIB_CTX *libctx); /* those for AES KEKs */

/* Returns how many pieces were sealed so far; the other forgets those since then. */
size_t operations_begin_case(unsigned long number);
void operations_forget_since(size_t count);

/* Opens everything that was sealed in cases, and returns how many pieces that were. */
long operations_verify(OSSL_LIB_CTX *libctx);
void operations_forget_all(void);

#endif
