/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output contract as numbers: one row per cipher. (tests/lib/watched.h checks a cipher against
 * its row; tests/unit/ciphers/test_output_contract*.c use all rows.)
 */
#ifndef ENVELOPE_TESTS_CONTRACT_H
#define ENVELOPE_TESTS_CONTRACT_H

#include "caller.h"

/* The cipher of large segments takes no update after a smaller one. */
#define LARGE_UPDATE 65536u

struct contract {
    const char *cipher;
    const char *lines; /* of the configuration that it needs, or NULL */
    size_t segment;    /* full ones of its messages, with their 32 bytes; 0: it only re-wraps */
    /*
     * Sealing, an update writes at most inl + 32 for each segment that it completes, and for one
     * that completes none; a strict cipher's inl + 32 whatever it completes. From `ample_from`
     * bytes on an update may write inl + `ample`, if that is more. Opening, all write at most
     * inl + 32.
     */
    bool strict;
    size_t ample_from;
    size_t ample;
    size_t final_most; /* final writes at most this */
    size_t least;      /* every update but the last has at least this length; 0: any */
    size_t largest;    /* sealing, one of this length always fits; SIZE_MAX: any */
};

enum { CONTRACT_ENVELOPE, CONTRACT_STRICT, CONTRACT_LARGE, CONTRACT_REWRAP, CONTRACTS };
extern const struct contract contracts[CONTRACTS];

/* The most that an update of len bytes may write that completes so many segments, sealing. */
size_t contract_allowance(const struct contract *contract, size_t len, size_t completed);

/* The seed of a random run, put on stderr. Run 0 has always the same, run 1 a new one each time. */
uint64_t seed_for_run(int run);
/* Lengths of updates of a kind from 0 to 5: near every edge of the contract, or of no kind at all.
 */
size_t random_size(const struct contract *contract, uint64_t *state, int kind);
/* Fake KEKs that make headers of every length that we write, up to the longest. */
void random_header(uint64_t *state);
/* As many and as long as a header of HEADERS_SEALED_MAX needs. */
void longest_header(void);

/* The whole of plain, sealed by the cipher in one piece or in large ones. */
struct bytes sealed_with(OSSL_LIB_CTX *libctx, const struct contract *contract, struct bytes plain);
/* A message of any length up to `most`, its header of any length; then another number of KEKs. */
struct bytes message_to_rewrap(OSSL_LIB_CTX *libctx, uint64_t *state, size_t most);

void check_plain(struct bytes opened, struct bytes plain);
/* That new is old with a header for as many KEKs as are the default now. */
void check_rewrapped(OSSL_LIB_CTX *libctx, struct bytes old, struct bytes new);

#endif
