/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A caller that holds a cipher to its output contract: every call gets a buffer of exactly what it
 * may write. ENVELOPE: an update inl + 32 * max(1, segments that it completes), final 4096.
 * ENVELOPE-1M: an update of 64 KiB or more inl + 1 MiB, a smaller one as above, final 1 MiB.
 * ENVELOPE-REWRAP: an update inl + 32, final 4096.
 */
#ifndef ENVELOPE_TESTS_WATCHED_H
#define ENVELOPE_TESTS_WATCHED_H

#include "caller.h"
#include "fake_keyring.h"

#define LARGE_UPDATE 65536u /* from here on ENVELOPE-1M may write a whole block */

struct watched {
    EVP_CIPHER_CTX *ctx;
    int sealing;
    size_t headers;     /* opening: bytes before the first segment */
    size_t segment;     /* bytes of input that complete a segment */
    size_t message_len; /* opening: of all the input */
    bool is_1m;
    size_t done; /* input so far */
    struct bytes out;
    uint64_t state; /* of the choice between the two kinds of buffer */
};

/* Begins a message. in is all of the input (opening: its header tells where segments end). */
struct watched watch(OSSL_LIB_CTX *libctx, const char *cipher, int sealing, struct bytes in);
/* Calls that must succeed and keep to the contract. */
void watched_update(struct watched *w, const unsigned char *in, size_t len);
/* final; returns all that came out. */
struct bytes watched_end(struct watched *w);

/* The seed of a random run, put on stderr. Run 0 has always the same, run 1 a new one each time. */
uint64_t seed_for_run(int run);
/* Fake KEKs that make headers of every length that we write, up to the longest. */
void random_header(uint64_t *state);
/* As many and as long as a header of HEADERS_SEALED_MAX needs. */
void longest_header(void);

#endif
