/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one rule for buffers that the documents give: a whole message, sealed or opened by one update
 * and final, fits into len + 2 blocks. Here a buffer has that and not a byte more.
 */
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"

#define CANARY 0x5A
#define CANARIES 64u

static OSSL_LIB_CTX *libctx;

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

static struct bytes by_the_rule(const char *name, int sealing, struct bytes in)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = (int)in.len;
    int n = 0;
    int last = 0;
    size_t room;
    struct bytes out;

    ck_assert_ptr_nonnull(cipher);
    room = (size_t)len + 2 * (size_t)EVP_CIPHER_get_block_size(cipher);
    out = bytes_new(room + CANARIES);
    memset(out.data + room, CANARY, CANARIES);
    ck_assert_int_eq(EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out.data, &n, in.data, len), 1);
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, out.data + n, &last), 1);
    ck_assert_uint_le((size_t)n + (size_t)last, room);
    ck_assert(bytes_are((struct bytes){out.data + room, CANARIES, CANARIES}, CANARY));
    out.len = (size_t)n + (size_t)last;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return out;
}

static const char *const names[] = {"ENVELOPE", "ENVELOPE-64K"};
static const size_t kek_counts[] = {1, 32};

START_TEST(a_whole_message_fits)
{
    /* as much as ENVELOPE takes in one update when it opens what it sealed */
    static const size_t lengths[] = {0,    1,    27,   4000,   4063,   4064,  4065,
                                     4095, 4096, 4097, 65535,  65536,  65537, 100000,
                                     8191, 8193, 8192, 400000, 500000, 510000};
    const char *name = names[_i / 2];

    fake_default_count = kek_counts[_i % 2];
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct bytes plain = bytes_plain(lengths[i], i);
        struct bytes sealed = by_the_rule(name, 1, plain);
        struct bytes opened = by_the_rule(name, 0, sealed);

        ck_assert_uint_eq(opened.len, plain.len);
        ck_assert_mem_eq(opened.data, plain.data, plain.len);
        bytes_free(&plain);
        bytes_free(&sealed);
        bytes_free(&opened);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("the rule for buffers");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_whole_message_fits, 0, 4);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
