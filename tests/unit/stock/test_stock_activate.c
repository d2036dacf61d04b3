/* SPDX-License-Identifier: Apache-2.0 */
/* stock-providers-here: the default provider comes with ours. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "fake_named_keys.h"

static OSSL_LIB_CTX *libctx;

static void set_up(void)
{
    fake_reset();
    fake_named_reset();
    libctx = NULL;
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(libctx);
}

static int begin(const void *key)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "AES-256-GCM", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char iv[12] = {0};
    int ok = EVP_CipherInit_ex2(ctx, cipher, key, iv, 1, NULL);

    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return ok;
}

START_TEST(nothing_is_there_without_us)
{
    libctx = fake_named_libctx_alone("key-ciphers = AES-256-GCM\n");
    ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "default"), 0);
    ck_assert_ptr_null(EVP_MD_fetch(libctx, "SHA256", NULL));
}
END_TEST

START_TEST(default_comes_with_us)
{
    EVP_MD *md;

    libctx = fake_named_libctx_alone("key-ciphers = AES-256-GCM\nstock-providers-here = yes\n");
    ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "default"), 1);
    md = EVP_MD_fetch(libctx, "SHA256", NULL);
    ck_assert_ptr_nonnull(md);
    EVP_MD_free(md);
    ck_assert_str_eq(fake_named_server(libctx, "AES-256-GCM", NULL), "envelope");
    ck_assert_int_eq(begin(fake_named_keys[FAKE_NAMED_32].stand_in), 1);
}
END_TEST

START_TEST(it_may_be_active_already)
{
    for (int first = 0; first < 2; first++) {
        OSSL_LIB_CTX_free(libctx);
        libctx = fake_named_libctx("key-ciphers = AES-256-GCM\nstock-providers-here = yes\n",
                                   first == 1);
        ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "default"), 1);
        ck_assert_int_eq(begin(fake_named_keys[FAKE_NAMED_32].stand_in), 1);
    }
}
END_TEST

/* fips=yes means fips and base; the first operation reports what is not installed. */
START_TEST(fips_means_fips_and_base)
{
    unsigned char key[32] = {1};

    libctx = fake_named_libctx_alone(
        "key-ciphers = AES-256-GCM\nstock-providers-here = yes\npropquery = fips=yes\n");
    ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "default"), 0);
    ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "base"), 1);
    if (OSSL_PROVIDER_available(libctx, "fips") == 1)
        ck_assert_int_eq(begin(key), 1);
    else
        ck_refused(begin(key), ENV_R_STOCK_NOT_ACTIVATED);
}
END_TEST

START_TEST(only_yes_switches_it_on)
{
    static const char *const lines[] = {"stock-providers-here = no\n",
                                        "stock-providers-here = YES\n",
                                        "stock_providers_here = yes\n"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        OSSL_LIB_CTX_free(libctx);
        libctx = fake_named_libctx_alone(lines[i]);
        ck_assert_int_eq(OSSL_PROVIDER_available(libctx, "default"), 0);
    }
}
END_TEST

/* Contexts that come and go leave nothing. */
START_TEST(contexts_leave_nothing)
{
    for (int i = 0; i < 20; i++) {
        OSSL_PROVIDER *ours;

        OSSL_LIB_CTX_free(libctx);
        libctx = OSSL_LIB_CTX_new();
        ck_assert_int_eq(fake_named_add_builtin(libctx), 1);
        ours = OSSL_PROVIDER_load(libctx, "envelope");
        ck_assert_ptr_nonnull(ours);
        ck_assert_int_eq(OSSL_PROVIDER_unload(ours), 1);
        OSSL_LIB_CTX_free(libctx);
        libctx = fake_named_libctx_alone("key-ciphers = AES-256-GCM\nstock-providers-here = yes\n");
        ck_assert_int_eq(begin(fake_named_keys[FAKE_NAMED_32].stand_in), 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stock: providers activated by us");
    TCase *tcase = tcase_create("activate");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, nothing_is_there_without_us);
    tcase_add_test(tcase, default_comes_with_us);
    tcase_add_test(tcase, it_may_be_active_already);
    tcase_add_test(tcase, fips_means_fips_and_base);
    tcase_add_test(tcase, only_yes_switches_it_on);
    tcase_add_test(tcase, contexts_leave_nothing);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
