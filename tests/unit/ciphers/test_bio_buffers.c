/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENVELOPE within the buffers of every OpenSSL's BIO_f_cipher, whichever this one is: pieces of 4
 * KiB (3.0, 3.5, 3.6) or of 8 KiB (4.0) when it is written to, 256 bytes at a time when it is read,
 * and the room that it has for their output. The buffers are simulated here, with guards.
 */
#include <string.h>

#include "contract.h"
#include "fake_keyring.h"

#define CHUNK 256u  /* handed on at once when it is read */
#define BEHIND 288u /* where input lies behind output then, and what a buffer has more */
#define GUARD 64u
#define GUARD_BYTE 0xA5
#define LARGEST_PIECE 8192u

static const size_t pieces[] = {4096, LARGEST_PIECE};

static OSSL_LIB_CTX *libctx;
static uint64_t state;
static unsigned char buffer[BEHIND + LARGEST_PIECE + GUARD];

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

/* Takes what a call wrote; `end` is the end of its buffer, where the guard is. */
static void take_output(struct bytes *out, int n, size_t end)
{
    ck_demand(n >= 0 && (size_t)n <= end, "%d bytes in a buffer of %zu", n, end);
    ck_demand(bytes_are((struct bytes){buffer + end, GUARD, GUARD}, GUARD_BYTE), "beside %zu", end);
    bytes_append(out, buffer, (size_t)n);
}

static void end_message(EVP_CIPHER_CTX *ctx, size_t piece, struct bytes *out)
{
    int n = -1;

    memset(buffer + BEHIND + piece, GUARD_BYTE, GUARD);
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, buffer, &n), 1);
    take_output(out, n, BEHIND + piece);
    EVP_CIPHER_CTX_free(ctx);
}

/* The caller writes `step` bytes at a time, which go on in pieces. */
static struct bytes written(int sealing, struct bytes in, size_t piece, size_t step)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
    struct bytes out = bytes_new(0);
    int n = -1;

    for (size_t done = 0; done < in.len;) {
        size_t left = step < in.len - done ? step : in.len - done;

        while (left > 0) {
            size_t len = left < piece ? left : piece;

            memset(buffer + BEHIND + piece, GUARD_BYTE, GUARD);
            ck_assert_int_eq(EVP_CipherUpdate(ctx, buffer, &n, in.data + done, (int)len), 1);
            take_output(&out, n, BEHIND + piece);
            done += len;
            left -= len;
        }
    }
    end_message(ctx, piece, &out);
    return out;
}

/* The caller reads: a piece lies behind the place of the output, and is taken in chunks. */
static struct bytes read_in_chunks(int sealing, struct bytes in, size_t piece)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
    struct bytes out = bytes_new(0);
    int n = -1;

    for (size_t done = 0; done < in.len; done += piece) {
        size_t len = piece < in.len - done ? piece : in.len - done;

        memcpy(buffer + BEHIND, in.data + done, len);
        for (size_t at = 0; at < len; at += CHUNK) {
            size_t chunk = CHUNK < len - at ? CHUNK : len - at;

            ck_assert_int_eq(EVP_CipherUpdate(ctx, buffer, &n, buffer + BEHIND + at, (int)chunk),
                             1);
            ck_demand(n >= 0 && (size_t)n <= chunk + 32, "%d of %zu", n, chunk);
            /* nothing that was not read yet has changed, nor what was */
            ck_demand(memcmp(buffer + BEHIND, in.data + done, len) == 0, "input was overwritten");
            bytes_append(&out, buffer, (size_t)n);
        }
    }
    end_message(ctx, piece, &out);
    return out;
}

static const size_t lengths[] = {0,    1,    256,  4064, 4095,  4096,  4097, 8191,
                                 8192, 8193, 8224, 9000, 12288, 40000, 70000};

START_TEST(messages_fit_when_written)
{
    static const size_t steps[] = {1, 255, 4095, 4096, 4097, 8191, 8192, 8193, 100000};
    const size_t piece = pieces[_i / 2];

    state = seed_for_run(_i % 2);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (size_t j = lengths[i] > 10000 ? 1 : 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            struct bytes plain = bytes_plain(lengths[i], i + j + 1);
            struct bytes sealed, opened;

            random_header(&state);
            sealed = written(1, plain, piece, steps[j]);
            opened = written(0, sealed, piece, steps[j]);
            check_plain(opened, plain);
            bytes_free(&plain);
            bytes_free(&sealed);
            bytes_free(&opened);
        }
    }
}
END_TEST

START_TEST(messages_fit_when_read)
{
    const size_t piece = pieces[_i / 2];

    state = seed_for_run(_i % 2);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (int j = 0; j < 6; j++) {
            struct bytes plain = bytes_plain(lengths[i], i + 1);
            struct bytes sealed, opened;

            random_header(&state);
            sealed = read_in_chunks(1, plain, piece);
            opened = read_in_chunks(0, sealed, piece);
            check_plain(opened, plain);
            bytes_free(&plain);
            bytes_free(&sealed);
            bytes_free(&opened);
        }
    }
}
END_TEST

/* The longest headers and the fullest pieces: what there is room for, to the byte. */
START_TEST(the_fullest_piece_fits_to_the_byte)
{
    struct bytes plain = bytes_plain(6 * SEGMENT_PLAIN, 3);

    longest_header();
    for (size_t i = 0; i < 2; i++) {
        EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 1);
        int n = -1;

        ck_assert_int_eq(EVP_CipherUpdate(ctx, buffer, &n, plain.data, (int)pieces[i]), 1);
        ck_assert_int_eq(n, (int)(pieces[i] + BEHIND));
        EVP_CIPHER_CTX_free(ctx);
    }
    bytes_free(&plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: the buffers of BIO_f_cipher");
    TCase *tcase = tcase_create("buffers");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, messages_fit_when_written, 0, 4);
    tcase_add_loop_test(tcase, messages_fit_when_read, 0, 4);
    tcase_add_test(tcase, the_fullest_piece_fits_to_the_byte);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
