/* SPDX-License-Identifier: Apache-2.0 */
/* Input and output that share memory: the same buffer, and every distance between the two. */
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"

#define FARTHEST 4200

static OSSL_LIB_CTX *libctx;
static struct bytes plain;
static struct bytes sealed;

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    plain = bytes_plain(3 * SEGMENT_PLAIN + 100, 3);
    sealed = caller_seal(libctx, plain);
}

static void tear_down(void)
{
    bytes_free(&plain);
    bytes_free(&sealed);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

/*
 * One update with its output `offset` bytes from its input, in a buffer that holds both. What comes
 * out goes to the end of out; nothing else in the buffer may have changed.
 */
static void shifted_update(EVP_CIPHER_CTX *ctx, const unsigned char *in, size_t len, long offset,
                           struct bytes *out)
{
    size_t most = len + 288; /* no update here completes more than 9 segments */
    size_t in_at = offset < 0 ? (size_t)-offset : 0;
    size_t out_at = offset < 0 ? 0 : (size_t)offset;
    size_t end = in_at + len > out_at + most ? in_at + len : out_at + most;
    struct bytes buffer = bytes_new(end);
    struct bytes before;
    int n = -1;

    memset(buffer.data, 0xA5, buffer.len);
    memcpy(buffer.data + in_at, in, len);
    before = bytes_of(buffer.data, buffer.len);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, buffer.data + out_at, &n, buffer.data + in_at, (int)len),
                     1);
    ck_assert_int_ge(n, 0);
    ck_assert_uint_le((size_t)n, most);
    bytes_append(out, buffer.data + out_at, (size_t)n);
    ck_assert_mem_eq(buffer.data, before.data, out_at);
    ck_assert_mem_eq(buffer.data + out_at + n, before.data + out_at + n, end - out_at - (size_t)n);
    bytes_free(&before);
    bytes_free(&buffer);
}

/* A whole message at one distance, in pieces of `step`. */
static void message_at(int sealing, long offset, size_t step)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", sealing);
    struct bytes in = sealing ? plain : sealed;
    struct bytes out = bytes_new(0);
    struct bytes opened;

    for (size_t done = 0; done < in.len; done += step)
        shifted_update(ctx, in.data + done, in.len - done < step ? in.len - done : step, offset,
                       &out);
    caller_final(ctx, &out);
    opened = sealing ? caller_open(libctx, out) : bytes_of(out.data, out.len);
    ck_assert_uint_eq(opened.len, plain.len);
    ck_assert_msg(memcmp(opened.data, plain.data, plain.len) == 0,
                  "wrong at offset %ld in pieces of %zu", offset, step);
    bytes_free(&opened);
    bytes_free(&out);
    EVP_CIPHER_CTX_free(ctx);
}

START_TEST(buffers_at_any_distance_work_or_are_refused)
{
    /* one piece; a segment and what it takes to pass the one before; what BIO_f_cipher reads */
    static const size_t steps[] = {20000, 4096, 256};
    static const long edges[] = {0,    1,    31,   32,   33,   63,   64,   255,
                                 256,  287,  288,  289,  4031, 4032, 4063, 4064,
                                 4065, 4095, 4096, 4097, 4127, 4128, 4129};
    const int sealing = _i & 1;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        for (long offset = -FARTHEST; offset <= FARTHEST; offset += steps[i] == 256 ? 197 : 37)
            message_at(sealing, offset, steps[i]);
        for (size_t j = 0; j < sizeof(edges) / sizeof(edges[0]); j++) {
            message_at(sealing, edges[j], steps[i]);
            message_at(sealing, -edges[j], steps[i]);
        }
    }
}
END_TEST

/* In place, as programs do it, with every interesting size of update. */
START_TEST(messages_are_sealed_and_opened_in_place)
{
    static const size_t steps[] = {1,    7,    31,   32,   33,   255,  256,  1000,
                                   4063, 4064, 4065, 4095, 4096, 4097, 8192, 20000};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        message_at(0, 0, steps[i]);
        message_at(1, 0, steps[i]);
    }
}
END_TEST

/*
 * Whether two buffers overlap is judged by what the call can write: on both sides of every
 * allowance the result is right.
 */
START_TEST(overlap_is_judged_by_what_the_call_can_write)
{
    static const size_t steps[] = {4095, 4096, 4097, 8192, 12289};
    static const long more[] = {32, 64, 96, 128, 288};

    for (size_t i = 0; i < 5 * 5 * 5; i++) {
        const size_t step = steps[i / 25];
        const long gap = (long)step + more[i / 5 % 5] + (long)(i % 5) - 2;

        message_at(0, -gap, step);
        message_at(1, -gap, step);
    }
}
END_TEST

/* An altered message in place: nothing unverified is left, and what came before was verified. */
START_TEST(an_altered_message_in_place_leaves_nothing_unverified)
{
    EVP_CIPHER_CTX *ctx = caller_begin(libctx, "ENVELOPE", 0);
    struct bytes buffer = bytes_new(sealed.len + SEGMENT);
    size_t headers = message_headers_len(sealed);
    int n = 7;

    memcpy(buffer.data, sealed.data, sealed.len);
    buffer.data[headers + SEGMENT + 100] ^= 1; /* the second segment */
    ck_refused(EVP_CipherUpdate(ctx, buffer.data, &n, buffer.data, (int)sealed.len),
               ENV_R_BAD_SEGMENT);
    ck_assert_int_eq(n, 0);
    for (size_t i = SEGMENT_PLAIN; i + 16 < plain.len; i++) {
        unsigned char *from = buffer.data + i;
        /* no run of plaintext that was never verified, wherever it could have been put */
        ck_assert(memcmp(from, plain.data + i, 16) != 0);
    }
    bytes_free(&buffer);
    EVP_CIPHER_CTX_free(ctx);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: overlapping buffers");
    TCase *tcase = tcase_create("overlap");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, buffers_at_any_distance_work_or_are_refused, 0, 2);
    tcase_add_test(tcase, messages_are_sealed_and_opened_in_place);
    tcase_add_test(tcase, overlap_is_judged_by_what_the_call_can_write);
    tcase_add_test(tcase, an_altered_message_in_place_leaves_nothing_unverified);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
