/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of an operation fails in turn, alone and with all that come after it. The
 * operation either succeeds anyway or fails with an error about memory, gives no output
 * that is wrong, leaks nothing (AddressSanitizer), and the next one works. This is over the fake
 * keyring: test_allocation_token.c and test_allocation_keks.c do it with tokens.
 */
#ifndef ENVELOPE_TESTS_EACH_ALLOCATION_H
#define ENVELOPE_TESTS_EACH_ALLOCATION_H

#include "caller.h"
#include "fake_keyring.h"

#define ROOM 20000u

/* What every operation may use; its output is out_len bytes of out. */
extern OSSL_LIB_CTX *lib;
extern EVP_CIPHER *cipher;
extern EVP_CIPHER_CTX *ctx;
extern unsigned char out[ROOM];
extern size_t out_len;

struct operation {
    const char *name;
    void (*prepare)(void); /* what it needs, before memory runs out */
    bool (*run)(void);     /* false: it failed, with an error */
    void (*check)(void);   /* the output of a success */
    void (*clean)(void);
    bool silent; /* libcrypto says nothing of its own allocations there */
};

void run_all(const struct operation *op);

/*
 * The same with a new provider for each run. A process can have some 25 of them (libcrypto's
 * numbers for their errors end there), and thousands of allocations belong to libcrypto's fetching:
 * each of all the parts takes its share of some that are evenly spread.
 */
void run_first(const struct operation *op, unsigned part, unsigned parts);

/* A cipher, fetched before: that is between the program and libcrypto. And a context. */
void fetch_cipher(const char *name);
void free_cipher(void);

/* The whole of in through the context, some of it in place. */
bool run_cipher(int encrypting, struct bytes in);

/* The output is a message that each of the first `keks` KEKs opens alone, and that is for no other.
 */
void each_opens(size_t keks, struct bytes plain);

#endif
