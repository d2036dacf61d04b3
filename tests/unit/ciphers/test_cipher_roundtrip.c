/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of every interesting size, in updates of every interesting size, through EVP. */
#include <check.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"

static OSSL_LIB_CTX *libctx;

static void setup(void)
{
    fake_reset();
    libctx = fake_libctx_new();
}

static void teardown(void)
{
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

struct buffer {
    unsigned char *bytes;
    size_t len;
};

/* Runs all of in through the cipher, `step` bytes an update; asserts that each call succeeds. */
static struct buffer run(const char *name, int sealing, struct buffer in, size_t step)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t block = (size_t)EVP_CIPHER_get_block_size(cipher);
    struct buffer out = {malloc(in.len + in.len / 64 + 3 * block), 0};
    int n = 0;

    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL), 1);
    for (size_t done = 0; done < in.len; done += step) {
        size_t piece = in.len - done < step ? in.len - done : step;

        if (EVP_CipherUpdate(ctx, out.bytes + out.len, &n, in.bytes + done, (int)piece) != 1) {
            ERR_print_errors_fp(stderr);
            ck_abort_msg("update");
        }
        out.len += (size_t)n;
    }
    if (EVP_CipherFinal_ex(ctx, out.bytes + out.len, &n) != 1) {
        ERR_print_errors_fp(stderr);
        ck_abort_msg("final");
    }
    out.len += (size_t)n;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return out;
}

static void round_trip(const char *name, size_t len, size_t step)
{
    struct buffer plain = {malloc(len + 1), len};
    struct buffer sealed;
    struct buffer opened;

    RAND_bytes(plain.bytes, (int)len + 1);
    sealed = run(name, 1, plain, step);
    opened = run(name, 0, sealed, step);
    ck_assert_uint_eq(opened.len, len);
    ck_assert_mem_eq(opened.bytes, plain.bytes, len);
    free(plain.bytes);
    free(sealed.bytes);
    free(opened.bytes);
}

static const size_t sizes[] = {0,    1,    31,   32,   33,    4063,  4064,    4065,    4095,   4096,
                               4097, 8191, 8192, 8193, 12288, 65536, 1048575, 1048576, 1048577};
static const size_t steps[] = {1, 7, 255, 256, 257, 1024, 4095, 4096, 4097, 8192, 65536, 528384};

START_TEST(every_size_goes_round_trip)
{
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t step = steps[_i];

        if (step < 255 && sizes[i] > 70000)
            continue; /* a million calls say nothing more */
        round_trip("ENVELOPE", sizes[i], step);
    }
}
END_TEST

static const size_t steps_64k[] = {65536, 65537, 65568, 1000000, 1048576, 3000000};

START_TEST(every_size_goes_round_trip_in_large_segments)
{
    static const size_t sizes_64k[] = {0,     1,      65504,  65535,   65536,
                                       65537, 131071, 131072, 3145728, 5000000};

    for (size_t i = 0; i < sizeof(sizes_64k) / sizeof(sizes_64k[0]); i++)
        round_trip("ENVELOPE-64K", sizes_64k[i], steps_64k[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: round trips");
    TCase *tcase = tcase_create("sizes");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, every_size_goes_round_trip, 0,
                        (int)(sizeof(steps) / sizeof(steps[0])));
    tcase_add_loop_test(tcase, every_size_goes_round_trip_in_large_segments, 0,
                        (int)(sizeof(steps_64k) / sizeof(steps_64k[0])));
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
