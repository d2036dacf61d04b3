/* SPDX-License-Identifier: Apache-2.0 */
/* The key-wrap ciphers under our own names: every call pattern, every refusal with its reason. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "provider/ciphers/wrap_cipher.h"
#include "provider/ciphers/wrap_stock_names.h"

static OSSL_LIB_CTX *libctx;
static EVP_CIPHER_CTX *ctx;
static unsigned char out[4200], in[4200], key[32];
static int n;

static const struct kind {
    const char *name;
    const char *stock;
    int bits;
    bool pad;
} kinds[] = {
    {"ENVELOPE-AES-128-WRAP", "AES-128-WRAP", 128, false},
    {"ENVELOPE-AES-192-WRAP", "AES-192-WRAP", 192, false},
    {"ENVELOPE-AES-256-WRAP", "AES-256-WRAP", 256, false},
    {"ENVELOPE-AES-128-WRAP-PAD", "AES-128-WRAP-PAD", 128, true},
    {"ENVELOPE-AES-192-WRAP-PAD", "AES-192-WRAP-PAD", 192, true},
    {"ENVELOPE-AES-256-WRAP-PAD", "AES-256-WRAP-PAD", 256, true},
};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

static void set_up(void)
{
    fake_reset();
    libctx = fake_libctx_new();
    ctx = EVP_CIPHER_CTX_new();
    memset(key, 0, sizeof(key));
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (unsigned char)(i * 7 + 1);
    memset(out, 0xA5, sizeof(out));
    n = -1;
}

static void tear_down(void)
{
    EVP_CIPHER_CTX_free(ctx);
    fake_libctx_free(libctx);
    ck_assert_int_eq(fake_references(), 0);
}

static EVP_CIPHER *fetch(const char *name)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, NULL);

    ck_assert_ptr_nonnull(cipher);
    return cipher;
}

static int begin_with(const char *name, int wrapping, const void *bytes, const void *iv)
{
    EVP_CIPHER *cipher = fetch(name);
    int ok = EVP_CipherInit_ex2(ctx, cipher, bytes, iv, wrapping, NULL);

    EVP_CIPHER_free(cipher);
    return ok;
}

static void begin(const char *name, int wrapping)
{
    ck_assert_int_eq(begin_with(name, wrapping, NULL, NULL), 1);
}

/* What stock OpenSSL makes of it with the same key; returns the length or -1. */
static int stock(const struct kind *kind, int wrapping, const unsigned char *from, int len,
                 unsigned char *to)
{
    EVP_CIPHER *cipher = fetch(kind->stock);
    EVP_CIPHER_CTX *other = EVP_CIPHER_CTX_new();
    int written = -1;

    ck_assert_int_eq(EVP_CipherInit_ex2(other, cipher, fake_keks[0].key, NULL, wrapping, NULL), 1);
    if (EVP_CipherUpdate(other, to, &written, from, len) != 1)
        written = -1;
    ERR_clear_error();
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(other);
    return written;
}

static int set_kek(const char *label)
{
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("kek", (void *)label, strlen(label)),
                           OSSL_PARAM_END};

    return EVP_CIPHER_CTX_set_params(ctx, params);
}

START_TEST(lengths_and_flags_equal_libcryptos)
{
    const struct kind *kind = &kinds[_i];
    EVP_CIPHER *ours = fetch(kind->name), *theirs = fetch(kind->stock);

    ck_assert_int_eq(EVP_CIPHER_get_mode(ours), EVP_CIPH_WRAP_MODE);
    ck_assert_int_eq(EVP_CIPHER_get_key_length(ours), kind->bits / 8);
    ck_assert_int_eq(EVP_CIPHER_get_iv_length(ours), kind->pad ? 4 : 8);
    ck_assert_int_eq(EVP_CIPHER_get_block_size(ours), 8);
    ck_assert_int_eq(EVP_CIPHER_get_iv_length(ours), EVP_CIPHER_get_iv_length(theirs));
    ck_assert_int_eq(EVP_CIPHER_get_block_size(ours), EVP_CIPHER_get_block_size(theirs));
    /* we answer EVP_Cipher ourselves, which sets this flag */
    ck_assert_uint_eq(EVP_CIPHER_get_flags(ours),
                      EVP_CIPHER_get_flags(theirs) | EVP_CIPH_FLAG_CUSTOM_CIPHER);
    begin(kind->name, 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_key_length(ctx), kind->bits / 8);
    ck_assert_int_eq(EVP_CIPHER_CTX_get_iv_length(ctx), kind->pad ? 4 : 8);
    ck_assert_ptr_nonnull(OSSL_PARAM_locate_const(EVP_CIPHER_settable_ctx_params(ours), "kek"));
    EVP_CIPHER_free(ours);
    EVP_CIPHER_free(theirs);
}
END_TEST

/* Every length up to 300, and the largest: the reported size, the bytes, and back. */
START_TEST(wrapped_bytes_equal_libcryptos)
{
    const struct kind *kind = &kinds[_i];
    unsigned char expected[4200], back[4200];

    fake_keks[0].bits = (unsigned)kind->bits;
    for (int len = 1; len <= 4096; len = len == 300 ? 4089 : len + 1) {
        int told = -1, expected_len = stock(kind, 1, in, len, expected);

        begin(kind->name, 1);
        EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
        if (expected_len < 0) {
            ck_refused(EVP_CipherUpdate(ctx, out, &n, in, len), ENV_R_INPUT_LENGTH);
            ck_assert_int_eq(n, 0);
            continue;
        }
        ck_assert_int_eq(EVP_CipherUpdate(ctx, NULL, &told, in, len), 1);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, len), 1);
        ck_assert_int_eq(n, expected_len);
        ck_assert_int_eq(told, expected_len);
        ck_assert_mem_eq(out, expected, (size_t)n);
        ck_assert_int_eq(EVP_CipherFinal_ex(ctx, out, &told), 1);
        ck_assert_int_eq(told, 0);

        begin(kind->name, 0);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, NULL, &told, expected, expected_len), 1);
        ck_assert_int_eq(told, expected_len - 8);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, back, &n, expected, expected_len), 1);
        ck_assert_int_eq(n, len);
        ck_assert_mem_eq(back, in, (size_t)len);
        ck_assert_int_eq(EVP_CipherFinal_ex(ctx, out, &told), 1);
    }
}
END_TEST

START_TEST(impossible_input_lengths_are_refused)
{
    static const int of_kw[] = {1, 7, 8, 15, 17, 23, 4097, 4104};
    static const int of_kwp[] = {4097, 4104};
    static const int back[] = {1, 7, 8, 9, 15, 17, 25, 4105, 4112};
    const struct kind *kind = &kinds[_i];
    const int *wrapping = kind->pad ? of_kwp : of_kw;
    size_t count = kind->pad ? 2 : 8;

    for (size_t i = 0; i < count; i++) {
        begin(kind->name, 1);
        ck_refused(EVP_CipherUpdate(ctx, NULL, &n, in, wrapping[i]), ENV_R_INPUT_LENGTH);
        ck_refused(EVP_CipherUpdate(ctx, out, &n, in, wrapping[i]), ENV_R_INPUT_LENGTH);
        ck_refused(EVP_CipherFinal_ex(ctx, out, &n), ENV_R_CONTEXT_FAILED);
    }
    for (size_t i = 0; i < sizeof(back) / sizeof(back[0]); i++) {
        begin(kind->name, 0);
        ck_refused(EVP_CipherUpdate(ctx, out, &n, in, back[i]), ENV_R_INPUT_LENGTH);
    }
    begin(kind->name, 0);
    if (!kind->pad)
        ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 16), ENV_R_INPUT_LENGTH);
    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), 0);
    ck_assert_int_eq(atomic_load(&fake_keks[0].unwraps), 0);
}
END_TEST

START_TEST(a_key_is_wrapped_by_one_update)
{
    begin("ENVELOPE-AES-256-WRAP", 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 0), 1); /* nothing is no update */
    ck_assert_int_eq(n, 0);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 32), 1);
    ck_assert_int_eq(n, 40);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_ONE_UPDATE);
    ck_assert_int_eq(n, 0);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_CONTEXT_FAILED);
    ck_refused(EVP_CipherFinal_ex(ctx, out, &n), ENV_R_CONTEXT_FAILED);
    /* the second piece of what was cut has any length */
    begin("ENVELOPE-AES-256-WRAP", 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 32), 1);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 3), ENV_R_ONE_UPDATE);
    /* and after the final one as well */
    begin("ENVELOPE-AES-256-WRAP", 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 32), 1);
    ck_assert_int_eq(EVP_CipherFinal_ex(ctx, out, &n), 1);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_ONE_UPDATE);
    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), 3);
}
END_TEST

START_TEST(keys_are_wrapped_in_place_and_overlapping)
{
    unsigned char expected[64];

    for (int shift = -16; shift <= 16; shift += 8) {
        unsigned char room[128];

        memcpy(room + 32, in, 32);
        ck_assert_int_eq(stock(&kinds[2], 1, in, 32, expected), 40);
        begin("ENVELOPE-AES-256-WRAP", 1);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, room + 32 + shift, &n, room + 32, 32), 1);
        ck_assert_mem_eq(room + 32 + shift, expected, 40);
        begin("ENVELOPE-AES-256-WRAP", 0);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, room + 32, &n, room + 32 + shift, 40), 1);
        ck_assert_mem_eq(room + 32, in, 32);
    }
}
END_TEST

START_TEST(evp_cipher_returns_the_length_or_minus_1)
{
    begin("ENVELOPE-AES-256-WRAP", 1);
    ck_assert_int_eq(EVP_Cipher(ctx, out, in, 32), 40);
    ck_assert_int_eq(EVP_Cipher(ctx, NULL, NULL, 0), 0);
    ck_refused_with(EVP_Cipher(ctx, out, in, 32), -1, ENV_R_ONE_UPDATE);
    begin("ENVELOPE-AES-256-WRAP", 0);
    ck_assert_int_eq(EVP_Cipher(ctx, out, out, 40), 32);
    ck_assert_mem_eq(out, in, 32);
}
END_TEST

START_TEST(an_altered_wrapped_key_gives_nothing)
{
    for (int i = 0; i < 40; i++) {
        unsigned char wrapped[40];

        begin("ENVELOPE-AES-256-WRAP", 1);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, wrapped, &n, in, 32), 1);
        wrapped[i] ^= 0x10;
        memset(out, 0xA5, sizeof(out));
        begin("ENVELOPE-AES-256-WRAP", 0);
        ck_refused(EVP_CipherUpdate(ctx, out, &n, wrapped, 40), ENV_R_WRAPPED_KEY);
        ck_assert_int_eq(n, 0);
        ck_assert(bytes_are((struct bytes){.data = out, .len = sizeof(out)}, 0xA5));
        ck_refused(EVP_CipherUpdate(ctx, out, &n, wrapped, 40), ENV_R_CONTEXT_FAILED);
        ck_refused(EVP_CipherFinal_ex(ctx, out, &n), ENV_R_CONTEXT_FAILED);
    }
}
END_TEST

START_TEST(the_kek_comes_from_parameter_or_key_bytes)
{
    memcpy(key, "kek7", 4);
    ck_assert_int_eq(begin_with("ENVELOPE-AES-256-WRAP", 1, key, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 32), 1);
    ck_assert_int_eq(atomic_load(&fake_keks[7].wraps), 1);
    /* the parameter takes precedence over the key bytes, and stays */
    ck_assert_int_eq(set_kek("kek3"), 1);
    for (int i = 1; i <= 2; i++) {
        ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, -1, NULL), 1);
        ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 32), 1);
        ck_assert_int_eq(atomic_load(&fake_keks[3].wraps), i);
    }
    /* another cipher in the same context starts again: with the configured KEK */
    memset(key, 0, sizeof(key));
    ck_assert_int_eq(begin_with("ENVELOPE-AES-256-WRAP-PAD", 1, key, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 20), 1);
    ck_assert_int_eq(atomic_load(&fake_keks[0].wraps), 1);
}
END_TEST

START_TEST(a_selector_of_no_kek_is_refused)
{
    memcpy(key, "nobody", 6);
    ck_assert_int_eq(begin_with("ENVELOPE-AES-256-WRAP", 1, key, NULL), 1);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_KEK_NOT_FOUND);
    ck_assert_int_eq(begin_with("ENVELOPE-AES-256-WRAP", 0, key, NULL), 1);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 40), ENV_R_KEK_NOT_FOUND);
    key[0] = 0x80;
    ck_refused(begin_with("ENVELOPE-AES-256-WRAP", 1, key, NULL), ENV_R_KEY_IS_NO_SELECTOR);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_NOT_INITIALISED);
    ck_refused(EVP_CipherFinal_ex(ctx, out, &n), ENV_R_NOT_INITIALISED);
    /* nor does the default KEK take the place of the one that was meant */
    ck_refused(EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, 1, NULL), ENV_R_KEY_IS_NO_SELECTOR);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_NOT_INITIALISED);
    key[0] = 0;
    ck_refused(begin_with("ENVELOPE-AES-256-WRAP", 1, key, NULL), ENV_R_KEY_IS_NO_SELECTOR);
    begin("ENVELOPE-AES-256-WRAP", 1);
    ck_refused(set_kek(""), ENV_R_BAD_PARAMETER);
    fake_default_count = 2;
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_ONE_KEK);
    fake_default_count = 0;
    begin("ENVELOPE-AES-256-WRAP", 1);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_NO_KEK_CONFIGURED);
}
END_TEST

START_TEST(a_kek_of_another_length_is_refused)
{
    for (int i = 0; i < KINDS; i++) {
        for (unsigned bits = 128; bits <= 256; bits += 64) {
            fake_keks[0].bits = bits;
            begin(kinds[i].name, 1);
            if ((int)bits == kinds[i].bits)
                ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 32), 1);
            else
                ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_KEK_LENGTH);
        }
    }
}
END_TEST

START_TEST(a_failing_kek_is_reported)
{
    fake_keks[0].fail_wrap = true;
    begin("ENVELOPE-AES-256-WRAP", 1);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_WRAP_FAILED);
    fake_keks[0].fail_unwrap = true;
    begin("ENVELOPE-AES-256-WRAP", 0);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 40), ENV_R_TOKEN_FAILED);
    ck_assert(bytes_are((struct bytes){.data = out, .len = sizeof(out)}, 0xA5));
}
END_TEST

START_TEST(only_the_default_iv_is_taken)
{
    static const unsigned char kw[8] = {0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6};
    static const unsigned char kwp[8] = {0xA6, 0x59, 0x59, 0xA6}; /* the IV is the first 4 */
    static const unsigned char other[8] = {0};

    fake_keks[0].bits = (unsigned)kinds[_i].bits;
    ck_assert_int_eq(begin_with(kinds[_i].name, 1, key, kinds[_i].pad ? kwp : kw), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 32), 1);
    ck_refused(begin_with(kinds[_i].name, 1, key, other), ENV_R_DEFAULT_IV_ONLY);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_NOT_INITIALISED);
    ck_refused(begin_with(kinds[_i].name, 0, NULL, kinds[_i].pad ? kw : kwp),
               ENV_R_DEFAULT_IV_ONLY);
}
END_TEST

START_TEST(only_the_ciphers_key_length_is_taken)
{
    begin("ENVELOPE-AES-192-WRAP", 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_set_key_length(ctx, 24), 1);
    ck_refused(EVP_CIPHER_CTX_set_key_length(ctx, 32), ENV_R_WRAP_KEY_LENGTH);
}
END_TEST

/* The callbacks with less than libcrypto gives, and with key lengths that it never gives. */
START_TEST(callbacks_survive_what_libcrypto_never_sends)
{
    const OSSL_DISPATCH *tables[] = {env_wrap_256_functions, env_standard_256_functions};
    EVP_CIPHER *cipher = fetch("ENVELOPE-AES-256-WRAP");
    void *provctx = OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher));

    for (int t = 0; t < 2; t++) {
        OSSL_FUNC_cipher_newctx_fn *newctx = NULL;
        OSSL_FUNC_cipher_freectx_fn *freectx = NULL;
        OSSL_FUNC_cipher_encrypt_init_fn *init = NULL;
        OSSL_FUNC_cipher_update_fn *update = NULL;
        size_t len = 99;
        void *own;

        for (const OSSL_DISPATCH *d = tables[t]; d->function_id != 0; d++) {
            if (d->function_id == OSSL_FUNC_CIPHER_NEWCTX)
                newctx = OSSL_FUNC_cipher_newctx(d);
            if (d->function_id == OSSL_FUNC_CIPHER_FREECTX)
                freectx = OSSL_FUNC_cipher_freectx(d);
            if (d->function_id == OSSL_FUNC_CIPHER_ENCRYPT_INIT)
                init = OSSL_FUNC_cipher_encrypt_init(d);
            if (d->function_id == OSSL_FUNC_CIPHER_UPDATE)
                update = OSSL_FUNC_cipher_update(d);
        }
        memset(key, t == 0 ? 0 : 0x42, sizeof(key));
        own = newctx(provctx);
        ck_refused(update(own, out, &len, 40, in, 32), ENV_R_NOT_INITIALISED);
        ck_assert_uint_eq(len, 0);
        ck_refused(init(own, key, 31, NULL, 0, NULL), ENV_R_WRAP_KEY_LENGTH);
        ck_assert_int_eq(init(own, key, 32, NULL, 0, NULL), 1);
        ck_refused(update(own, out, &len, t == 0 ? 39 : 31, in, 32), ENV_R_OUTPUT_TOO_SMALL);
        ck_assert_int_eq(init(own, key, 32, NULL, 0, NULL), 1);
        ck_assert_int_eq(update(own, out, &len, 40, in, 32), 1);
        ck_assert_uint_eq(len, 40);
        ck_assert_int_eq(init(own, key, 32, NULL, 0, NULL), 1);
        if (t == 0)
            ck_refused(update(own, out, &len, 40, NULL, 32), ENV_R_BAD_PARAMETER);
        else
            ck_refused(update(own, out, &len, (size_t)1 << 40, in, (size_t)1 << 40),
                       ENV_R_INPUT_LENGTH);
        freectx(own);
        freectx(NULL);
    }
    EVP_CIPHER_free(cipher);
}
END_TEST

START_TEST(a_copied_context_wraps_alike)
{
    EVP_CIPHER_CTX *copy = EVP_CIPHER_CTX_new();
    unsigned char expected[64];

    ck_assert_int_eq(stock(&kinds[2], 1, in, 32, expected), 40);
    memcpy(key, "kek0", 4);
    ck_assert_int_eq(begin_with("ENVELOPE-AES-256-WRAP", 1, key, NULL), 1);
    ck_assert_int_eq(set_kek("kek0"), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(copy, ctx), 1);
    ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &n, in, 32), 1);
    ck_assert_mem_eq(out, expected, 40);
    EVP_CIPHER_CTX_reset(ctx);
    ck_assert_int_eq(EVP_CipherUpdate(copy, out, &n, in, 32), 1);
    ck_assert_mem_eq(out, expected, 40);
    /* a copy of one that has had its update has had it too */
    ck_assert_int_eq(EVP_CIPHER_CTX_copy(ctx, copy), 1);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, in, 32), ENV_R_ONE_UPDATE);
    /* and continues with the next message by itself */
    ck_assert_int_eq(EVP_CipherInit_ex2(copy, NULL, NULL, NULL, 0, NULL), 1);
    ck_assert_int_eq(EVP_CipherUpdate(copy, out, &n, expected, 40), 1);
    ck_assert_mem_eq(out, in, 32);
    EVP_CIPHER_CTX_free(copy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: key wrap under our names");
    TCase *tcase = tcase_create("wrap cipher");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, lengths_and_flags_equal_libcryptos, 0, KINDS);
    tcase_add_loop_test(tcase, wrapped_bytes_equal_libcryptos, 0, KINDS);
    tcase_add_loop_test(tcase, impossible_input_lengths_are_refused, 0, KINDS);
    tcase_add_test(tcase, a_key_is_wrapped_by_one_update);
    tcase_add_test(tcase, keys_are_wrapped_in_place_and_overlapping);
    tcase_add_test(tcase, evp_cipher_returns_the_length_or_minus_1);
    tcase_add_test(tcase, an_altered_wrapped_key_gives_nothing);
    tcase_add_test(tcase, the_kek_comes_from_parameter_or_key_bytes);
    tcase_add_test(tcase, a_selector_of_no_kek_is_refused);
    tcase_add_test(tcase, a_kek_of_another_length_is_refused);
    tcase_add_test(tcase, a_failing_kek_is_reported);
    tcase_add_loop_test(tcase, only_the_default_iv_is_taken, 0, KINDS);
    tcase_add_test(tcase, only_the_ciphers_key_length_is_taken);
    tcase_add_test(tcase, callbacks_survive_what_libcrypto_never_sends);
    tcase_add_test(tcase, a_copied_context_wraps_alike);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
