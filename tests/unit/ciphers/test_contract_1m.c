/* SPDX-License-Identifier: Apache-2.0 */
/* The output contract of ENVELOPE-1M, over random call patterns (see test_contract.c). */
#include <openssl/err.h>
#include <string.h>

#include "fake_keyring.h"
#include "watched.h"

#define CANARY_BYTE 0xA5

static OSSL_LIB_CTX *libctx;
static uint64_t state; /* of the random sequence */

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
}

static void tear_down(void)
{
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static void check_plain(struct bytes opened, struct bytes plain)
{
    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert(memcmp(opened.data, plain.data, plain.len) == 0);
}

/* Updates of 64 KiB and more, and a smaller one at the end. */
static struct bytes run(int sealing, struct bytes in)
{
    struct watched w = watch(libctx, "ENVELOPE-1M", sealing, in);
    size_t most = random_between(&state, 0, 1) == 0 ? 200000 : 3000000;

    while (w.done < in.len) {
        size_t len = random_between(&state, LARGE_UPDATE, most);

        if (random_between(&state, 0, 3) == 0)
            len = LARGE_UPDATE; /* the smallest that is not small */
        watched_update(&w, in.data + w.done, len < in.len - w.done ? len : in.len - w.done);
    }
    return watched_end(&w);
}

START_TEST(random_patterns)
{
    state = seed_for_run(_i);
    for (int i = 0; i < 12; i++) {
        struct bytes plain = bytes_plain(random_between(&state, 0, 4000000), next_random(&state));
        struct bytes sealed, opened;

        random_header(&state);
        sealed = run(1, plain);
        opened = run(0, sealed);
        check_plain(opened, plain);
        bytes_free(&sealed);
        bytes_free(&opened);
        /* the same cipher opens segments of 4 KiB */
        sealed = caller_seal(libctx, plain);
        opened = run(0, sealed);
        check_plain(opened, plain);
        bytes_free(&plain);
        bytes_free(&sealed);
        bytes_free(&opened);
    }
}
END_TEST

/* One small update and final: what a caller with 4 KiB buffers gives it when the message is short.
 */
START_TEST(short_messages)
{
    for (size_t len = 0; len < LARGE_UPDATE; len = len < 70 ? len + 1 : len + 997) {
        struct bytes plain = bytes_plain(len, 10);
        struct watched w = watch(libctx, "ENVELOPE-1M", 1, plain);
        struct bytes sealed;

        watched_update(&w, plain.data, len);
        sealed = watched_end(&w);
        if (sealed.len < LARGE_UPDATE) {
            w = watch(libctx, "ENVELOPE-1M", 0, sealed);
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

START_TEST(nothing_after_a_small_update)
{
    static const size_t next[] = {1, 4096, LARGE_UPDATE, 2 * LARGE_UPDATE};
    static const size_t smalls[] = {1, 4096, LARGE_UPDATE - 1};
    struct bytes plain = bytes_plain(4 * LARGE_UPDATE, 11);
    struct bytes sealed = run(1, plain);
    struct bytes room = bytes_new(plain.len + SEGMENT_1M);
    int n = 7;

    for (size_t i = 0; i < 24; i++) {
        int sealing = i < 12;
        struct bytes in = sealing ? plain : sealed;
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE-1M", sealing);

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
    Suite *suite = suite_create("output contract of ENVELOPE-1M");
    TCase *tcase = tcase_create("contract");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, random_patterns, 0, 2);
    tcase_add_test(tcase, short_messages);
    tcase_add_test(tcase, nothing_after_a_small_update);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
