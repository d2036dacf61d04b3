/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output contract of every cipher (tests/lib/contract.h has its numbers) over random call
 * patterns and at its edges. The seed of each run is on stderr; ENVELOPE_TEST_SEED repeats one.
 */
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "watched.h"

#define CANARY_BYTE 0xA5
#define RUNS 2 /* with the same seed always, and with a new one */

static OSSL_LIB_CTX *libctx;
static OSSL_LIB_CTX *strict_libctx;
static uint64_t state; /* of the random sequence */

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    strict_libctx = fake_libctx_new_configured(contracts[CONTRACT_STRICT].lines, true);
}

static void tear_down(void)
{
    fake_libctx_free(libctx);
    OSSL_LIB_CTX_free(strict_libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static struct watched begin(const struct contract *contract, int sealing, size_t len)
{
    return watch(contract->lines != NULL ? strict_libctx : libctx, contract, sealing, len);
}

/* The length of the next update. */
typedef size_t next_fn(const struct contract *contract, int kind);

static size_t of_any_size(const struct contract *contract, int kind)
{
    return random_size(contract, &state, kind);
}

/* Up to the largest that there may be; where that is any, several segments at once. */
static size_t of_large_size(const struct contract *contract, int kind)
{
    size_t most = contract->largest < SIZE_MAX ? contract->largest : 3000000;

    if (next_random(&state) >> 62 == 0)
        return most;
    if (next_random(&state) >> 62 == 0)
        return random_size(contract, &state, kind == 0 ? 3 : kind);
    return random_between(&state, most > 9000 ? most - 9000 : most / 2, most);
}

static struct bytes run(const struct contract *contract, int sealing, struct bytes in,
                        next_fn *next)
{
    struct watched w = begin(contract, sealing, in.len);
    /* of a long message pieces of three bytes say nothing more */
    int kind = (int)random_between(&state, in.len > 100000 ? 2 : 0, 5);

    while (w.done < in.len) {
        size_t len = next(contract, kind);

        watched_update(&w, in.data + w.done, len < in.len - w.done ? len : in.len - w.done);
    }
    return watched_end(&w);
}

/* Opens what is sealed, and closes both. */
static void opens_to(const struct contract *contract, struct bytes *sealed, struct bytes plain)
{
    struct bytes opened = run(contract, 0, *sealed, of_any_size);

    check_plain(opened, plain);
    bytes_free(&opened);
    bytes_free(sealed);
}

/* A message of len bytes there and back, with both of its headers of any length. */
static void there_and_back(const struct contract *contract, size_t len, next_fn *next)
{
    struct bytes plain = bytes_plain(len, next_random(&state));
    struct bytes sealed;

    random_header(&state);
    sealed = run(contract, 1, plain, next);
    opens_to(contract, &sealed, plain);
    if (contract->segment != SEGMENT) { /* it opens short segments as well */
        sealed = caller_seal(libctx, plain);
        opens_to(contract, &sealed, plain);
    }
    bytes_free(&plain);
}

static void rewrapped(const struct contract *contract, size_t most, next_fn *next)
{
    struct bytes old = message_to_rewrap(libctx, &state, most);
    struct bytes new = run(contract, 1, old, next);

    check_rewrapped(libctx, old, new);
    bytes_free(&old);
    bytes_free(&new);
}

static size_t random_message_len(const struct contract *contract)
{
    size_t plain = contract->segment - 32;

    switch (random_between(&state, 0, 3)) {
    case 0:
        return random_between(&state, 0, 200);
    case 1:
        return random_between(&state, 0, 2 * plain + 900);
    case 2:
        return plain * random_between(&state, 1, plain < 10000 ? 20 : 3) +
               random_between(&state, 0, 2) - 1;
    default:
        return random_between(&state, 0, plain < 10000 ? 40000 : 4000000);
    }
}

static size_t messages_of(const struct contract *contract)
{
    static const size_t messages[CONTRACTS] = {250, 100, 12, 100};

    return messages[contract - contracts];
}

START_TEST(random_updates_keep_the_contract)
{
    const struct contract *contract = &contracts[_i / RUNS];

    state = seed_for_run(_i % RUNS);
    for (size_t i = 0; i < messages_of(contract); i++) {
        if (contract->segment != 0)
            there_and_back(contract, random_message_len(contract), of_any_size);
        else
            rewrapped(contract, random_between(&state, 0, 1) == 0 ? 200 : 20000, of_any_size);
    }
}
END_TEST

/* Long messages, in updates up to the largest that there are. */
START_TEST(large_updates_keep_the_contract)
{
    const struct contract *contract = &contracts[_i / RUNS];
    size_t len = contract->largest < SIZE_MAX ? 4 * contract->largest + 1000 : 7000000;

    state = seed_for_run(_i % RUNS);
    for (size_t i = 0; i < (contract->largest < SIZE_MAX ? 6 : 2); i++) {
        if (contract->segment != 0)
            there_and_back(contract, len, of_large_size);
        else
            rewrapped(contract, 500000, of_large_size);
    }
}
END_TEST

/* in through the cipher, first bytes, then the rest in steps; its headers are the longest. */
static struct bytes with_longest_header(const struct contract *contract, struct bytes in,
                                        size_t first, size_t step)
{
    struct watched w = begin(contract, 1, in.len);
    struct bytes out;

    watched_update(&w, in.data, first < in.len ? first : in.len);
    while (w.done < in.len)
        watched_update(&w, in.data + w.done, step < in.len - w.done ? step : in.len - w.done);
    out = watched_end(&w);
    ck_assert_uint_eq(message_headers_len(out), HEADERS_SEALED_MAX);
    return out;
}

static void seal_with_longest_header(const struct contract *contract, size_t len)
{
    for (size_t first = 0; first <= (contract->least == 0 ? 1 : 0); first++) {
        struct bytes plain = bytes_plain(len + first, 9);
        struct bytes sealed = with_longest_header(contract, plain, first, len + 1);

        opens_to(contract, &sealed, plain);
        bytes_free(&plain);
    }
}

/* From the shortest header to the longest. */
static void rewrap_to_longest_header(const struct contract *contract, size_t len)
{
    static const size_t steps[] = {1000000, 1, 300};
    struct bytes plain = bytes_plain(len, 9);
    struct bytes old;

    fake_default_count = 1;
    old = caller_seal(libctx, plain);
    fake_default_count = 32;
    for (size_t i = 0; i < (len % 16 == 0 ? 3 : 1); i++) {
        struct bytes new = with_longest_header(contract, old, 0, steps[i]);

        check_rewrapped(libctx, old, new);
        bytes_free(&new);
    }
    bytes_free(&old);
    bytes_free(&plain);
}

/*
 * The most that can wait for final: the longest header, and a message of any length that comes in
 * one update or in two.
 */
START_TEST(final_after_the_longest_header_keeps_the_contract)
{
    const struct contract *contract = &contracts[_i];

    longest_header();
    for (size_t len = 0; len <= SEGMENT + 104;
         len = len < 70 || len > SEGMENT - 150 ? len + 1 : len + 61) {
        if (contract->segment != 0)
            seal_with_longest_header(contract, len);
        else
            rewrap_to_longest_header(contract, len);
    }
}
END_TEST

/* ---- ciphers that take only one small update ---- */

/* One small update and final: what a caller with 4 KiB buffers gives it when the message is short.
 */
START_TEST(a_short_message_is_one_small_update)
{
    const struct contract *contract = &contracts[CONTRACT_LARGE];

    for (size_t len = 0; len < contract->least; len = len < 70 ? len + 1 : len + 997) {
        struct bytes plain = bytes_plain(len, 10);
        struct watched w = begin(contract, 1, plain.len);
        struct bytes sealed;

        watched_update(&w, plain.data, len);
        sealed = watched_end(&w);
        if (sealed.len < contract->least) {
            w = begin(contract, 0, sealed.len);
            watched_update(&w, sealed.data, sealed.len);
            (void)watched_end(&w);
            check_plain(w.out, plain);
            bytes_free(&w.out);
        }
        bytes_free(&plain);
        bytes_free(&sealed);
    }
}
END_TEST

START_TEST(no_update_follows_a_small_one)
{
    const struct contract *contract = &contracts[CONTRACT_LARGE];
    const size_t next[] = {1, 4096, contract->least, 2 * contract->least};
    const size_t smalls[] = {1, 4096, contract->least - 1};
    struct bytes plain = bytes_plain(4 * contract->least, 11);
    struct bytes sealed = run(contract, 1, plain, of_any_size);
    struct bytes room = bytes_new(plain.len + contract->final_most);
    int n = 7;

    for (size_t i = 0; i < 24; i++) {
        int sealing = i < 12;
        struct bytes in = sealing ? plain : sealed;
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, contract->cipher, sealing);

        ck_assert_int_eq(EVP_CipherUpdate(ctx, room.data, &n, in.data, (int)smalls[i % 3]), 1);
        memset(room.data, CANARY_BYTE, room.len);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, room.data, &n, in.data, 0), 1);
        ck_refused(EVP_CipherUpdate(ctx, room.data, &n, in.data, (int)next[i / 3 % 4]),
                   ENV_R_SMALL_UPDATE);
        ck_assert_int_eq(n, 0);
        ck_assert(bytes_are(room, CANARY_BYTE));
        EVP_CIPHER_CTX_free(ctx);
    }
    bytes_free(&plain);
    bytes_free(&sealed);
    bytes_free(&room);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: output contract");
    TCase *tcase = tcase_create("contract");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, random_updates_keep_the_contract, 0, RUNS * CONTRACTS);
    tcase_add_loop_test(tcase, large_updates_keep_the_contract, 0, RUNS * CONTRACTS);
    tcase_add_loop_test(tcase, final_after_the_longest_header_keeps_the_contract, 0, CONTRACTS);
    tcase_add_test(tcase, a_short_message_is_one_small_update);
    tcase_add_test(tcase, no_update_follows_a_small_one);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
