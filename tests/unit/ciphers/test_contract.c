/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output contract (design: an update of ENVELOPE writes at most inl + 32 * max(1, segments that
 * it completes), final at most 4096) over random call patterns. The seed of each run is on stderr;
 * ENVELOPE_TEST_SEED repeats one.
 */
#include <string.h>

#include "fake_keyring.h"
#include "watched.h"

#define MESSAGES 250

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

/* Sizes near every edge, and some of no kind at all. */
static size_t random_size(int pattern)
{
    static const size_t edges[] = {1, 16, 32, 256, 288, 4032, 4064, 4096, 4128, 8128, 8192, 65536};

    switch (pattern == 5 ? (int)random_between(&state, 0, 4) : pattern) {
    case 0:
        return random_between(&state, 0, 3);
    case 1:
        return random_between(&state, 0, 300);
    case 2:
        return edges[random_between(&state, 0, 11)] + random_between(&state, 0, 4) - 1;
    case 3:
        return random_between(&state, 0, 9000);
    default:
        return random_between(&state, 0, LARGEST_UPDATE);
    }
}

static struct bytes random_run(int sealing, struct bytes in)
{
    struct watched w = watch(libctx, "ENVELOPE", sealing, in);
    int pattern = (int)random_between(&state, 0, 5);

    while (w.done < in.len) {
        size_t len = random_size(pattern);

        watched_update(&w, in.data + w.done, len < in.len - w.done ? len : in.len - w.done);
    }
    return watched_end(&w);
}

static size_t random_message_len(void)
{
    switch (random_between(&state, 0, 3)) {
    case 0:
        return random_between(&state, 0, 200);
    case 1:
        return random_between(&state, 0, 9000);
    case 2:
        return SEGMENT_PLAIN * random_between(&state, 1, 20) + random_between(&state, 0, 2) - 1;
    default:
        return random_between(&state, 0, 40000);
    }
}

static void check_plain(struct bytes opened, struct bytes plain)
{
    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert(memcmp(opened.data, plain.data, plain.len) == 0);
}

START_TEST(random_patterns)
{
    state = seed_for_run(_i);
    for (int i = 0; i < MESSAGES; i++) {
        struct bytes plain = bytes_plain(random_message_len(), next_random(&state));
        struct bytes sealed, opened;

        random_header(&state);
        sealed = random_run(1, plain);
        opened = random_run(0, sealed);
        check_plain(opened, plain);
        bytes_free(&plain);
        bytes_free(&sealed);
        bytes_free(&opened);
    }
}
END_TEST

/* Long messages, in updates up to the largest there are. */
START_TEST(large_updates)
{
    state = seed_for_run(_i);
    for (int i = 0; i < 6; i++) {
        struct bytes plain = bytes_plain(4 * LARGEST_UPDATE + 1000, next_random(&state));
        struct watched w = watch(libctx, "ENVELOPE", 1, plain);
        struct bytes opened;

        while (w.done < plain.len) {
            size_t len = random_between(&state, LARGEST_UPDATE - 9000, LARGEST_UPDATE);

            len = next_random(&state) >> 62 == 0 ? random_size(3) : len;
            len = next_random(&state) >> 62 == 0 ? LARGEST_UPDATE : len;
            watched_update(&w, plain.data + w.done,
                           len < plain.len - w.done ? len : plain.len - w.done);
        }
        (void)watched_end(&w);
        opened = random_run(0, w.out);
        check_plain(opened, plain);
        bytes_free(&plain);
        bytes_free(&w.out);
        bytes_free(&opened);
    }
}
END_TEST

/*
 * The most that can wait for final: the longest header, and a message of any length that comes in
 * one update or in two.
 */
START_TEST(final_after_the_longest_header)
{
    longest_header();
    for (size_t len = 0; len <= 4200; len = len < 70 || len > 4000 ? len + 1 : len + 61) {
        for (size_t first = 0; first <= 1; first++) {
            struct bytes plain = bytes_plain(len + first, 9);
            struct watched w = watch(libctx, "ENVELOPE", 1, plain);
            struct bytes sealed, opened;

            watched_update(&w, plain.data, first);
            watched_update(&w, plain.data + first, len);
            sealed = watched_end(&w);
            ck_assert_uint_eq(message_headers_len(sealed), HEADERS_SEALED_MAX);
            opened = random_run(0, sealed);
            check_plain(opened, plain);
            bytes_free(&plain);
            bytes_free(&sealed);
            bytes_free(&opened);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("output contract");
    TCase *tcase = tcase_create("contract");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, random_patterns, 0, 2);
    tcase_add_loop_test(tcase, large_updates, 0, 2);
    tcase_add_test(tcase, final_after_the_longest_header);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
