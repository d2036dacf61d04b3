/* SPDX-License-Identifier: Apache-2.0 */
/* What programs do with KEKs, each as one step that succeeds or fails. */
#ifndef FAULTY_OPERATIONS_H
#define FAULTY_OPERATIONS_H

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stddef.h>

/* The label of keys that an operation makes. */
#define OPERATION_NEW_KEY "made"

enum outcome {
    OUTCOME_FAILED,
    OUTCOME_GOOD,
    OUTCOME_WRONG, /* it succeeded with wrong output */
};

struct operation {
    const char *name;
    enum outcome (*run)(OSSL_LIB_CTX *libctx);
    bool makes_key;
};

/* Ends with a NULL name. */
extern const struct operation operations[];

/* What later operations open and unwrap is made without faults. */
void operations_prepare(OSSL_LIB_CTX *libctx);

/* Returns how many pieces were sealed so far; the other forgets those since then. */
size_t operations_begin_case(unsigned long number);
void operations_forget_since(size_t count);

/* Opens everything that was sealed in cases, and returns how many pieces that were. */
long operations_verify(OSSL_LIB_CTX *libctx);

#endif
