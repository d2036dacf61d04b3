/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments of 64 KiB that come in pieces. They are decrypted on arrival and held back until their
 * tag has come: wherever they are cut, copied or altered, only verified bytes come out.
 */
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "tamper.h"
#include "watched.h"

#define PLAIN_64K (SEGMENT_64K - 32)
#define LAST_PLAIN 40000u
#define PLAIN_LEN (2 * PLAIN_64K + LAST_PLAIN)
#define PIECE_MIN 8192 /* of opening.c: shorter pieces are kept as they come */

static OSSL_LIB_CTX *libctx;
static struct bytes plain;
static struct bytes sealed;
static size_t headers;

/* Where the second segment is cut, counted from its first byte: lengths, IV, tag, thresholds. */
static const size_t cuts[] = {0,
                              1,
                              3,
                              4,
                              15,
                              16,
                              17,
                              32,
                              PIECE_MIN - 1,
                              PIECE_MIN,
                              PIECE_MIN + 15,
                              PIECE_MIN + 16,
                              PIECE_MIN + 17,
                              SEGMENT_64K / 2 + 5,
                              SEGMENT_64K - PIECE_MIN - 17,
                              SEGMENT_64K - PIECE_MIN - 1,
                              SEGMENT_64K - PIECE_MIN,
                              SEGMENT_64K - PIECE_MIN + 1,
                              SEGMENT_64K - 33,
                              SEGMENT_64K - 17,
                              SEGMENT_64K - 16,
                              SEGMENT_64K - 15,
                              SEGMENT_64K - 1};
#define CUTS (sizeof(cuts) / sizeof(cuts[0]))

static void set_up(void)
{
    EVP_CIPHER_CTX *ctx;

    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(PLAIN_LEN, 20);
    ctx = caller_begin(libctx, "ENVELOPE-64K", 1);
    sealed = caller_finish(ctx, plain, PLAIN_LEN);
    EVP_CIPHER_CTX_free(ctx);
    headers = message_headers_len(sealed);
}

static void tear_down(void)
{
    bytes_free(&plain);
    bytes_free(&sealed);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static size_t cut_at(size_t i)
{
    return headers + SEGMENT_64K + cuts[i];
}

static void check_opened(struct bytes out)
{
    ck_assert_uint_eq(out.len, plain.len);
    ck_assert(memcmp(out.data, plain.data, plain.len) == 0);
}

/* Input and output in one place: what is decrypted for the held part must not meet the input. */
static void open_in_place(size_t first, size_t step)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE-64K", 0);
    struct bytes out = bytes_new(0);
    struct bytes room = bytes_new(sealed.len + SEGMENT_64K);
    size_t len = first;
    int n = -1;

    for (size_t done = 0; done < sealed.len; done += len, len = step) {
        len = sealed.len - done < len ? sealed.len - done : len;
        memcpy(room.data, sealed.data + done, len);
        ck_assert_int_eq(EVP_DecryptUpdate(ctx, room.data, &n, room.data, (int)len), 1);
        bytes_append(&out, room.data, (size_t)n);
    }
    caller_final(ctx, &out);
    check_opened(out);
    bytes_free(&out);
    bytes_free(&room);
    EVP_CIPHER_CTX_free(ctx);
}

START_TEST(a_segment_cut_anywhere_opens)
{
    static const size_t steps[] = {LARGE_UPDATE, LARGE_UPDATE + 1, SEGMENT_64K - 1, SEGMENT_64K,
                                   3 * SEGMENT_64K};

    for (size_t i = 0; i < CUTS; i++) {
        for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            struct watched w = watch(libctx, &contracts[CONTRACT_LARGE], 0, sealed.len);
            struct bytes out;

            watched_update(&w, sealed.data, cut_at(i));
            while (w.done < sealed.len)
                watched_update(&w, sealed.data + w.done,
                               sealed.len - w.done < steps[j] ? sealed.len - w.done : steps[j]);
            out = watched_end(&w);
            check_opened(out);
            bytes_free(&out);
        }
        open_in_place(cut_at(i), SEGMENT_64K);
    }
}
END_TEST

/* The copy and its source go on by themselves; so does a copy of the copy. */
START_TEST(copies_within_a_segment_go_on_by_themselves)
{
    for (size_t i = 0; i < CUTS; i++) {
        EVP_CIPHER_CTX *ctx[3];
        struct bytes begun = bytes_new(0);

        ctx[0] = caller_begin(libctx, "ENVELOPE-64K", 0);
        caller_update(ctx[0], sealed.data, cut_at(i), &begun);
        for (size_t j = 1; j < 3; j++) {
            ctx[j] = EVP_CIPHER_CTX_new();
            ck_assert_int_eq(EVP_CIPHER_CTX_copy(ctx[j], ctx[j - 1]), 1);
        }
        for (size_t j = 0; j < 3; j++) {
            struct bytes out = bytes_of(begun.data, begun.len);
            struct bytes rest = {sealed.data + cut_at(i), sealed.len - cut_at(i), 0};
            struct bytes more = caller_finish(ctx[j], rest, j == 1 ? LARGE_UPDATE : rest.len);

            bytes_append(&out, more.data, more.len);
            check_opened(out);
            bytes_free(&more);
            bytes_free(&out);
            EVP_CIPHER_CTX_free(ctx[j]);
        }
        bytes_free(&begun);
    }
}
END_TEST

/* The copy verifies again: a segment altered before the copy fails in both. */
START_TEST(a_copy_verifies_what_its_source_held)
{
    const size_t altered = headers + SEGMENT_64K + 5000;

    sealed.data[altered] ^= 1;
    for (size_t i = 0; i < CUTS; i++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE-64K", 0);
        EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
        struct bytes begun = bytes_new(0);
        struct bytes room = bytes_new(2 * SEGMENT_64K + LAST_PLAIN);
        int len = (int)(sealed.len - cut_at(i));
        int n = -1;

        caller_update(ctx, sealed.data, cut_at(i), &begun);
        ck_assert_uint_eq(begun.len, PLAIN_64K);
        ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
        ck_refused(EVP_DecryptUpdate(copy, room.data, &n, sealed.data + cut_at(i), len),
                   ENV_R_BAD_SEGMENT);
        ck_assert(bytes_are(room, 0));
        ck_refused(EVP_DecryptUpdate(ctx, room.data, &n, sealed.data + cut_at(i), len),
                   ENV_R_BAD_SEGMENT);
        ck_assert(bytes_are(room, 0));
        bytes_free(&begun);
        bytes_free(&room);
        EVP_CIPHER_CTX_free(ctx);
        EVP_CIPHER_CTX_free(copy);
    }
}
END_TEST

/* One bit of the cut segment, in the part that is held, in the part that completes it, in its tag.
 */
START_TEST(an_altered_segment_in_pieces_gives_nothing)
{
    static const size_t bits[] = {4,
                                  15,
                                  16,
                                  PIECE_MIN - 1,
                                  PIECE_MIN,
                                  SEGMENT_64K / 2,
                                  SEGMENT_64K - PIECE_MIN,
                                  SEGMENT_64K - 17,
                                  SEGMENT_64K - 16,
                                  SEGMENT_64K - 1};

    for (size_t i = 0; i < CUTS; i++) {
        for (size_t j = i % 2; j < sizeof(bits) / sizeof(bits[0]); j += 2) {
            unsigned char *byte = sealed.data + headers + SEGMENT_64K + bits[j];

            *byte ^= 0x10;
            ck_assert_int_eq(try_to_open_cut(libctx, "ENVELOPE-64K", sealed, cut_at(i),
                                             j % 4 < 2 ? SEGMENT_64K : LARGE_UPDATE, plain,
                                             PLAIN_64K),
                             ENV_R_BAD_SEGMENT);
            *byte ^= 0x10;
        }
    }
}
END_TEST

/* The last segment comes in pieces too; it waits for final. */
START_TEST(an_altered_or_cut_last_segment_gives_nothing)
{
    const size_t start = headers + 2 * SEGMENT_64K;
    const size_t len = LAST_PLAIN + 32;

    for (size_t i = 0; i < CUTS; i++) {
        size_t cut = start + (cuts[i] < len ? cuts[i] : len - (SEGMENT_64K - cuts[i]));
        struct bytes shorter = {sealed.data, sealed.len - 1 - i, 0};

        ck_assert_int_eq(
            try_to_open_cut(libctx, "ENVELOPE-64K", sealed, cut, LARGE_UPDATE, plain, plain.len),
            ENV_R_NONE);
        ck_assert_int_eq(try_to_open_cut(libctx, "ENVELOPE-64K", shorter, cut, LARGE_UPDATE, plain,
                                         2 * PLAIN_64K),
                         ENV_R_TRUNCATED);
        for (size_t at = 4; at < len; at = at < 17 ? at + 6 : at + 13331) {
            sealed.data[start + at] ^= 1;
            ck_assert_int_eq(try_to_open_cut(libctx, "ENVELOPE-64K", sealed, cut, LARGE_UPDATE,
                                             plain, 2 * PLAIN_64K),
                             ENV_R_BAD_SEGMENT);
            sealed.data[start + at] ^= 1;
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: large segments that come in pieces");
    TCase *tcase = tcase_create("64 KiB");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_segment_cut_anywhere_opens);
    tcase_add_test(tcase, copies_within_a_segment_go_on_by_themselves);
    tcase_add_test(tcase, a_copy_verifies_what_its_source_held);
    tcase_add_test(tcase, an_altered_segment_in_pieces_gives_nothing);
    tcase_add_test(tcase, an_altered_or_cut_last_segment_gives_nothing);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
