/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers for unit tests: buffers, whole messages through EVP, reading the error stack.
 */
#ifndef ENVELOPE_TESTS_CALLER_H
#define ENVELOPE_TESTS_CALLER_H

#include <check.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "envelope/base/reasons.h"

#define SEGMENT 4128u           /* a full segment of ENVELOPE */
#define SEGMENT_PLAIN 4096u     /* the plaintext in it */
#define SEGMENT_64K 65568u      /* the same of ENVELOPE-64K */
#define LARGEST_UPDATE 528384u  /* of ENVELOPE: 129 segments' plaintext */
#define HEADERS_SEALED_MAX 4064 /* bytes before the first segment that we write */

/* Bytes on the heap, with nothing behind the last so that ASan sees every overrun. */
struct bytes {
    unsigned char *data;
    size_t len;
    size_t capacity; /* len, until something is appended */
};

struct bytes bytes_new(size_t len); /* zeros */
struct bytes bytes_of(const void *data, size_t len);
/* Bytes that are neither 0 nor 0xA5, so that wiped and untouched memory never look like them. */
struct bytes bytes_plain(size_t len, uint64_t seed);
void bytes_append(struct bytes *to, const void *data, size_t len);
/* Whether every byte is this one. */
bool bytes_are(struct bytes bytes, unsigned char value);
void bytes_free(struct bytes *bytes);

/* The next number of a sequence that the seed in *state begins. */
uint64_t next_random(uint64_t *state);
/* A number from low to high. */
size_t random_between(uint64_t *state, size_t low, size_t high);

/* A context for the cipher, initialised for one direction without key and parameters. */
EVP_CIPHER_CTX *caller_begin(OSSL_LIB_CTX *libctx, const char *cipher, int sealing);
/* One call that must succeed; its output goes to the end of out. */
void caller_update(EVP_CIPHER_CTX *ctx, const void *in, size_t len, struct bytes *out);
void caller_final(EVP_CIPHER_CTX *ctx, struct bytes *out);
/* The whole of in through a context, in pieces of at most step bytes, and final. */
struct bytes caller_finish(EVP_CIPHER_CTX *ctx, struct bytes in, size_t step);
/* A whole message with ENVELOPE. */
struct bytes caller_seal(OSSL_LIB_CTX *libctx, struct bytes plain);
struct bytes caller_open(OSSL_LIB_CTX *libctx, struct bytes sealed);

/* Bytes of a message before its first segment: the header, and FLOE's. */
size_t message_headers_len(struct bytes message);

/*
 * Empties the error stack. Returns the reason of the newest entry of the provider, or ENV_R_NONE
 * (libcrypto may put one of its own on top: EVP_CIPHER_CTX_copy does).
 */
int caller_reason(void);

/* An assertion for where there are many: Check's own do a write each. */
#define ck_demand(condition, ...)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

/* Asserts that a call returns `failure` and that the provider said why. */
#define ck_refused_with(call, failure, why)                                                        \
    do {                                                                                           \
        ERR_clear_error();                                                                         \
        ck_assert_int_eq((call), (failure));                                                       \
        ck_assert_int_eq(caller_reason(), (why));                                                  \
    } while (0)
#define ck_refused(call, why) ck_refused_with(call, 0, why)

/* All of a test program's main: runs the suite, says what failed, returns the exit status. */
int caller_run(Suite *suite);

#endif
