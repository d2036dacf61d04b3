/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_keyring.h"

#define FLOE_HEADER 74u

const struct contract contracts[CONTRACTS] = {
    [CONTRACT_ENVELOPE] = {.cipher = "ENVELOPE",
                           .segment = SEGMENT,
                           .ample_from = 4096,
                           .ample = 288,
                           .final_most = SEGMENT,
                           .largest = LARGEST_UPDATE},
    [CONTRACT_LARGE] = {.cipher = "ENVELOPE-64K",
                        .segment = SEGMENT_64K,
                        .ample_from = 4096,
                        .ample = 288,
                        .final_most = SEGMENT_64K,
                        .least = LARGE_UPDATE,
                        .largest = SIZE_MAX},
    [CONTRACT_STRICT] = {.cipher = "ENVELOPE",
                         .lines = "strict-output = yes\n",
                         .segment = SEGMENT,
                         .strict = true,
                         .final_most = SEGMENT,
                         .largest = SEGMENT_PLAIN},
    [CONTRACT_REWRAP] = {.cipher = "ENVELOPE-REWRAP",
                         .strict = true,
                         .final_most = SEGMENT,
                         .largest = SIZE_MAX},
};

size_t contract_allowance(const struct contract *contract, size_t len, size_t completed)
{
    size_t more = 32 * (completed > 1 && !contract->strict ? completed : 1);

    if (contract->ample > more && len >= contract->ample_from)
        more = contract->ample;
    return len + more;
}

uint64_t seed_for_run(int run)
{
    const char *given = getenv("ENVELOPE_TEST_SEED");
    uint64_t seed = 20250101;

    if (run != 0 && given != NULL)
        seed = strtoull(given, NULL, 0);
    else if (run != 0)
        ck_assert_int_eq(RAND_bytes((unsigned char *)&seed, sizeof(seed)), 1);
    fprintf(stderr, "ENVELOPE_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static size_t size_of_kind(const struct contract *contract, uint64_t *state, int kind)
{
    const size_t segment = contract->segment != 0 ? contract->segment : SEGMENT;
    const size_t edges[] = {1,
                            16,
                            32,
                            256,
                            288,
                            4096,
                            segment - 64,
                            segment - 32,
                            segment,
                            segment + 32,
                            65536,
                            65568,
                            2 * segment,
                            2 * (segment - 32)};
    const size_t count = sizeof(edges) / sizeof(edges[0]);

    switch (kind == 5 ? (int)random_between(state, 0, 4) : kind) {
    case 0:
        return random_between(state, 0, 3);
    case 1:
        return random_between(state, 0, 300);
    case 2:
        return edges[random_between(state, 0, count - 1)] + random_between(state, 0, 4) - 1;
    case 3:
        return random_between(state, 0, 9000);
    default:
        return random_between(state, 0, 2000000);
    }
}

size_t random_size(const struct contract *contract, uint64_t *state, int kind)
{
    size_t len = size_of_kind(contract, state, kind);

    if (len < contract->least) /* often the smallest that there may be, and a little more */
        len = contract->least + (random_between(state, 0, 3) == 0 ? 0 : len);
    return len < contract->largest ? len : contract->largest;
}

void longest_header(void)
{
    fake_default_count = 32;
    for (size_t i = 0; i < fake_default_count; i++) {
        fake_keks[i].id.len = i < 15 ? 58 : 57;
        memset(fake_keks[i].id.bytes, 0x80 + (int)i, fake_keks[i].id.len);
    }
}

void random_header(uint64_t *state)
{
    longest_header();
    if (random_between(state, 0, 3) == 0)
        return;
    fake_default_count = random_between(state, 1, 32);
    for (size_t i = 0; i < fake_default_count; i++)
        fake_keks[i].id.len = random_between(state, 1, 57);
}

struct bytes sealed_with(OSSL_LIB_CTX *libctx, const struct contract *contract, struct bytes plain)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, contract->cipher, 1);
    struct bytes sealed = caller_finish(ctx, plain, 100000);

    EVP_CIPHER_CTX_free(ctx);
    return sealed;
}

struct bytes message_to_rewrap(OSSL_LIB_CTX *libctx, uint64_t *state, size_t most)
{
    const struct contract *contract = &contracts[CONTRACT_ENVELOPE];
    struct bytes plain, sealed;

    if (random_between(state, 0, 15) == 0) {
        contract = &contracts[CONTRACT_LARGE];
        most = 2 * contract->segment + 400000;
    }
    plain = bytes_plain(random_between(state, 0, most), next_random(state));
    random_header(state);
    sealed = sealed_with(libctx, contract, plain);
    bytes_free(&plain);
    fake_default_count = random_between(state, 0, 3) == 0 ? 32 : random_between(state, 1, 31);
    return sealed;
}

void check_plain(struct bytes opened, struct bytes plain)
{
    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert(memcmp(opened.data, plain.data, plain.len) == 0);
}

void check_rewrapped(OSSL_LIB_CTX *libctx, struct bytes old, struct bytes new)
{
    size_t old_header = message_headers_len(old) - FLOE_HEADER;
    size_t new_header = message_headers_len(new) - FLOE_HEADER;

    ck_assert_uint_le(new_header + FLOE_HEADER, HEADERS_SEALED_MAX);
    ck_assert_uint_eq(new.len - new_header, old.len - old_header);
    ck_assert(memcmp(new.data + new_header, old.data + old_header, old.len - old_header) == 0);
    for (size_t i = 0; i < 2; i++) { /* by the first of today's, then by the last */
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, contracts[CONTRACT_LARGE].cipher, 0);
        struct bytes room = bytes_new(new.len + contracts[CONTRACT_LARGE].final_most);
        int n = 0;

        for (size_t j = 0; j < 32; j++)
            fake_keks[j].absent = j != (i == 0 ? 0 : fake_default_count - 1);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, room.data, &n, new.data, (int)new.len), 1);
        bytes_free(&room);
        EVP_CIPHER_CTX_free(ctx);
    }
    for (size_t j = 0; j < 32; j++)
        fake_keks[j].absent = false;
}
