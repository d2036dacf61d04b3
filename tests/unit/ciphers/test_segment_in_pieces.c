/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments of 1 MiB that come in pieces. They are decrypted on arrival and held back until their
 * tag has come: wherever they are cut, copied or altered, only what was verified comes out.
 */
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "tamper.h"
#include "watched.h"

#define PLAIN_1M (SEGMENT_1M - 32)
#define LAST_PLAIN 200000u
#define PLAIN_LEN (2 * PLAIN_1M + LAST_PLAIN)
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
                              SEGMENT_1M / 2 + 5,
                              SEGMENT_1M - PIECE_MIN - 17,
                              SEGMENT_1M - PIECE_MIN - 1,
                              SEGMENT_1M - PIECE_MIN,
                              SEGMENT_1M - PIECE_MIN + 1,
                              SEGMENT_1M - 33,
                              SEGMENT_1M - 17,
                              SEGMENT_1M - 16,
                              SEGMENT_1M - 15,
                              SEGMENT_1M - 1};
#define CUTS (sizeof(cuts) / sizeof(cuts[0]))

static void set_up(void)
{
    EVP_CIPHER_CTX *ctx;

    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(PLAIN_LEN, 20);
    ctx = caller_begin(libctx, "ENVELOPE-1M", 1);
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
    return headers + SEGMENT_1M + cuts[i];
}

static void check_opened(struct bytes out)
{
    ck_assert_uint_eq(out.len, plain.len);
    ck_assert(memcmp(out.data, plain.data, plain.len) == 0);
}

/* Input and output in one place: what is decrypted for the held part must not meet the input. */
static void open_in_place(size_t first, size_t step)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE-1M", 0);
    struct bytes out = bytes_new(0);
    struct bytes room = bytes_new(sealed.len + SEGMENT_1M);
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

START_TEST(every_cut)
{
    static const size_t steps[] = {LARGE_UPDATE, LARGE_UPDATE + 1, SEGMENT_1M - 1, SEGMENT_1M,
                                   3 * SEGMENT_1M};

    for (size_t i = 0; i < CUTS; i++) {
        for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            struct watched w = watch(libctx, "ENVELOPE-1M", 0, sealed);
            struct bytes out;

            watched_update(&w, sealed.data, cut_at(i));
            while (w.done < sealed.len)
                watched_update(&w, sealed.data + w.done,
                               sealed.len - w.done < steps[j] ? sealed.len - w.done : steps[j]);
            out = watched_end(&w);
            check_opened(out);
            bytes_free(&out);
        }
        open_in_place(cut_at(i), SEGMENT_1M);
    }
}
END_TEST

/* The copy and its source go on by themselves; so does a copy of the copy. */
START_TEST(copies_in_the_middle)
{
    for (size_t i = 0; i < CUTS; i++) {
        EVP_CIPHER_CTX *ctx[3];
        struct bytes begun = bytes_new(0);

        ctx[0] = caller_begin(libctx, "ENVELOPE-1M", 0);
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

/* What the copy holds is verified anew: a segment altered before the copy fails in both. */
START_TEST(copies_verify)
{
    const size_t altered = headers + SEGMENT_1M + 5000;

    sealed.data[altered] ^= 1;
    for (size_t i = 0; i < CUTS; i++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE-1M", 0);
        EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
        struct bytes begun = bytes_new(0);
        struct bytes room = bytes_new(2 * SEGMENT_1M + LAST_PLAIN);
        int len = (int)(sealed.len - cut_at(i));
        int n = -1;

        caller_update(ctx, sealed.data, cut_at(i), &begun);
        ck_assert_uint_eq(begun.len, PLAIN_1M);
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
START_TEST(altered_segments)
{
    static const size_t bits[] = {4,
                                  15,
                                  16,
                                  PIECE_MIN - 1,
                                  PIECE_MIN,
                                  SEGMENT_1M / 2,
                                  SEGMENT_1M - PIECE_MIN,
                                  SEGMENT_1M - 17,
                                  SEGMENT_1M - 16,
                                  SEGMENT_1M - 1};

    for (size_t i = 0; i < CUTS; i++) {
        for (size_t j = i % 2; j < sizeof(bits) / sizeof(bits[0]); j += 2) {
            unsigned char *byte = sealed.data + headers + SEGMENT_1M + bits[j];

            *byte ^= 0x10;
            ck_assert_int_eq(try_to_open_cut(libctx, "ENVELOPE-1M", sealed, cut_at(i),
                                             j % 4 < 2 ? SEGMENT_1M : LARGE_UPDATE, plain,
                                             PLAIN_1M),
                             ENV_R_BAD_SEGMENT);
            *byte ^= 0x10;
        }
    }
}
END_TEST

/* The last segment comes in pieces too; it waits for final. */
START_TEST(altered_or_cut_last_segment)
{
    const size_t start = headers + 2 * SEGMENT_1M;
    const size_t len = LAST_PLAIN + 32;

    for (size_t i = 0; i < CUTS; i++) {
        size_t cut = start + (cuts[i] < len ? cuts[i] : len - (SEGMENT_1M - cuts[i]));
        struct bytes shorter = {sealed.data, sealed.len - 1 - i, 0};

        ck_assert_int_eq(
            try_to_open_cut(libctx, "ENVELOPE-1M", sealed, cut, LARGE_UPDATE, plain, plain.len),
            ENV_R_NONE);
        ck_assert_int_eq(
            try_to_open_cut(libctx, "ENVELOPE-1M", shorter, cut, LARGE_UPDATE, plain, 2 * PLAIN_1M),
            ENV_R_TRUNCATED);
        for (size_t at = 4; at < len; at = at < 17 ? at + 6 : at + 66661) {
            sealed.data[start + at] ^= 1;
            ck_assert_int_eq(try_to_open_cut(libctx, "ENVELOPE-1M", sealed, cut, LARGE_UPDATE,
                                             plain, 2 * PLAIN_1M),
                             ENV_R_BAD_SEGMENT);
            sealed.data[start + at] ^= 1;
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cut segments");
    TCase *tcase = tcase_create("1 MiB");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, every_cut);
    tcase_add_test(tcase, copies_in_the_middle);
    tcase_add_test(tcase, copies_verify);
    tcase_add_test(tcase, altered_segments);
    tcase_add_test(tcase, altered_or_cut_last_segment);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
