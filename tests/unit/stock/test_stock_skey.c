/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EVP_SKEYs of stock OpenSSL's types with our ciphers (OpenSSL 3.5 and later): whose they are, and
 * whose the cipher is, makes no difference.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "fake_named_keys.h"

static OSSL_LIB_CTX *libctx;
static unsigned char raw_key[32];

static void set_up(void)
{
    fake_reset();
    fake_named_reset();
    libctx = fake_named_libctx("key-ciphers = AES-256-GCM AES-256-CBC\n", true);
    memset(raw_key, 7, sizeof(raw_key));
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
    ck_assert_int_eq(atomic_load(&fake_named_lent), 0);
}

/* 16 bytes under a key in an EVP_SKEY, or under the key itself. */
static int encrypt(const char *query, const char *name, EVP_SKEY *skey, const unsigned char *key,
                   unsigned char out[16])
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, name, query);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char iv[16] = {0}, zeros[16] = {0};
    size_t iv_len = (size_t)EVP_CIPHER_get_iv_length(cipher);
    int n = 0;
    int ok = skey != NULL ? EVP_CipherInit_SKEY(ctx, cipher, skey, iv, iv_len, 1, NULL)
                          : EVP_CipherInit_ex2(ctx, cipher, key, iv, 1, NULL);

    if (ok == 1)
        ok = EVP_CipherUpdate(ctx, out, &n, zeros, 16);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return ok;
}

/* libcrypto requires key and cipher from the same provider: naming two gives neither.
 */
static const struct {
    const char *type;
    const char *cipher;
    const char *skey_query;
    bool marked;
} cases[] = {
    {"AES", "AES-256-CBC", NULL, false},
    {"AES", "AES-256-CBC", NULL, true},
    {"AES", "AES-256-GCM", NULL, false},
    {"AES", "AES-256-GCM", NULL, true},
    {"GENERIC-SECRET", "AES-256-CBC", NULL, false},
    {"GENERIC-SECRET", "AES-256-CBC", NULL, true},
    {"GENERIC-SECRET", "AES-256-GCM", NULL, false},
    {"GENERIC-SECRET", "AES-256-GCM", NULL, true},
    {"AES", "AES-256-CBC", "provider=envelope", false},
    {"AES", "AES-256-GCM", "provider=envelope", true},
};

START_TEST(keys_in_objects_are_keys)
{
    const struct fake_named_key *named = &fake_named_keys[FAKE_NAMED_32];
    const unsigned char *given =
        cases[_i].marked ? (const unsigned char *)named->stand_in : raw_key;
    EVP_SKEY *skey = EVP_SKEY_import_raw_key(
        libctx, cases[_i].type, (unsigned char *)(uintptr_t)given, 32, cases[_i].skey_query);
    unsigned char ours[16], stock[16];

    ck_assert_ptr_nonnull(skey);
    ck_assert_int_eq(encrypt(NULL, cases[_i].cipher, skey, NULL, ours), 1);
    ck_assert_int_eq(encrypt("provider=default", cases[_i].cipher, NULL,
                             cases[_i].marked ? named->key : raw_key, stock),
                     1);
    ck_assert_mem_eq(ours, stock, 16);
    ck_assert_int_eq(atomic_load(&fake_named_asked), cases[_i].marked ? 1 : 0);
    EVP_SKEY_free(skey);
}
END_TEST

START_TEST(a_stand_in_in_an_object_is_refused_all_the_same)
{
    EVP_SKEY *skey;
    unsigned char out[16];

    fake_named_keys[FAKE_NAMED_32].revoked = true;
    skey = EVP_SKEY_import_raw_key(
        libctx, "AES", (unsigned char *)(uintptr_t)fake_named_keys[FAKE_NAMED_32].stand_in, 32,
        NULL);
    ck_assert_ptr_nonnull(skey);
    ck_refused(encrypt(NULL, "AES-256-CBC", skey, NULL, out), ENV_R_KEY_REFUSED);
    EVP_SKEY_free(skey);
}
END_TEST

/* What stock OpenSSL generates, ours does; 3.5 generates none. */
START_TEST(keys_are_generated_where_stock_openssl_does)
{
    size_t len = 32;
    OSSL_PARAM params[] = {OSSL_PARAM_size_t(OSSL_SKEY_PARAM_KEY_LENGTH, &len), OSSL_PARAM_END};
    EVP_SKEY *ours = EVP_SKEY_generate(libctx, "AES", "provider=envelope", params);
    EVP_SKEY *stock = EVP_SKEY_generate(libctx, "AES", "provider=default", params);
    unsigned char out[16];

    ck_assert_int_eq(ours != NULL, stock != NULL);
    if (ours != NULL)
        ck_assert_int_eq(encrypt(NULL, "AES-256-CBC", ours, NULL, out), 1);
    EVP_SKEY_free(ours);
    EVP_SKEY_free(stock);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stock: EVP_SKEY");
    TCase *tcase = tcase_create("EVP_SKEY");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, keys_in_objects_are_keys, 0,
                        (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(tcase, a_stand_in_in_an_object_is_refused_all_the_same);
    tcase_add_test(tcase, keys_are_generated_where_stock_openssl_does);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
