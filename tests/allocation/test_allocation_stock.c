/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of an init under stock OpenSSL's name fails in turn: with a stand-in whose named
 * key is open, with one whose key has to be opened from its file, with a key of the program's own,
 * and of PBKDF2. The result is that of the key, or an error.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "each_allocation.h"
#include "failing_alloc.h"
#include "named_case.h"
#include "provider/common/named.h"
#include "stopped_clock.h"

#define TEXT_LEN 64u

static struct named_made made;
static struct bytes file;
static unsigned char own_key[32], iv[16], text[TEXT_LEN], expected[TEXT_LEN];
static EVP_KDF_CTX *kdf_ctx;

static void set_up(void)
{
    static const struct named_recipe recipe = {.uses = "AES-256-GCM PBKDF2", .mixed = true};
    char lines[TEMPORARY_PATH + 128];

    clock_stop();
    named_set_up();
    file = named_bytes(&recipe, &made);
    named_put_file("orders@1.envkey", &file);
    (void)snprintf(lines, sizeof(lines),
                   "key-ciphers = AES-256-GCM\nkey-kdfs = PBKDF2\nkeys-directory = %s\n"
                   "allow-keys = orders\n",
                   named_folder);
    lib = libctx_new_configured(fake_provider_init, lines, true);
    ck_assert_int_eq(EVP_set_default_properties(lib, "?provider=envelope"), 1);
    memset(own_key, 0x42, sizeof(own_key));
    memset(text, 0x17, sizeof(text));
}

static void tear_down(void)
{
    OSSL_LIB_CTX_free(lib);
    lib = NULL;
    bytes_free(&file);
    named_tear_down();
    ck_assert_int_eq(fake_references(), 0);
}

/* ---- a cipher ---- */

static bool run_with(EVP_CIPHER *with, const unsigned char *key, unsigned char *to)
{
    int len = 0;

    return EVP_CIPHER_CTX_reset(ctx) == 1 && EVP_EncryptInit_ex2(ctx, with, key, iv, NULL) == 1 &&
           EVP_EncryptUpdate(ctx, to, &len, text, TEXT_LEN) == 1 && len == (int)TEXT_LEN;
}

/* What stock OpenSSL makes of the key. */
static void expect_of(const unsigned char *key)
{
    EVP_CIPHER *stock = EVP_CIPHER_fetch(lib, "AES-256-GCM", "provider=default");

    ck_assert_ptr_nonnull(stock);
    ck_assert(run_with(stock, key, expected));
    EVP_CIPHER_free(stock);
}

static void fetch(void)
{
    fetch_cipher("AES-256-GCM");
    ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(cipher)), "envelope");
    memset(out, 0, TEXT_LEN);
}

static void fetch_for_stand_in(void)
{
    fetch();
    expect_of(made.key);
}

static void fetch_for_own_key(void)
{
    fetch();
    expect_of(own_key);
}

static bool run_stand_in(void)
{
    clock_move(31000); /* what is remembered of a failure is over; and now and then it looks anew */
    return run_with(cipher, (const unsigned char *)made.stand_in, out);
}

static bool run_own_key(void)
{
    return run_with(cipher, own_key, out);
}

/* As in a process that has had no named key yet. */
static void fetch_and_forget_keys(void)
{
    fetch_for_stand_in();
    env_provctx_named_clear(OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher)));
}

static void is_expected(void)
{
    ck_assert_mem_eq(out, expected, TEXT_LEN);
}

START_TEST(a_stand_in_survives_each_failing_allocation)
{
    static const struct operation op = {"an init with a stand-in",
                                        fetch_for_stand_in,
                                        run_stand_in,
                                        is_expected,
                                        free_cipher,
                                        true};

    run_all(&op);
}
END_TEST

START_TEST(the_first_init_with_a_stand_in_survives_each_failing_allocation)
{
    static const struct operation op = {"the first init with a stand-in",
                                        fetch_and_forget_keys,
                                        run_stand_in,
                                        is_expected,
                                        free_cipher,
                                        true};

    run_all(&op);
}
END_TEST

START_TEST(a_programs_own_key_survives_each_failing_allocation)
{
    static const struct operation op = {"an init with a key", fetch_for_own_key, run_own_key,
                                        is_expected,          free_cipher,       true};

    run_all(&op);
}
END_TEST

/* Nothing of ours is asked for, whatever happens to the memory that we would need. */
START_TEST(a_programs_own_key_takes_no_memory_of_ours)
{
    unsigned count;
    int done;

    fetch_for_own_key();
    ck_assert(run_own_key());
    EVP_CIPHER_CTX_reset(ctx);
    ck_assert_int_eq(EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL), 1);
    failing_alloc_arm(1, true);
    done = EVP_EncryptInit_ex2(ctx, NULL, own_key, iv, NULL);
    count = failing_alloc_disarm();
    ck_assert_int_eq(done, 1);
    ck_assert_uint_eq(count, 0);
    free_cipher();
}
END_TEST

/* ---- PBKDF2 ---- */

static bool derive(EVP_KDF_CTX *with, const void *password, size_t len, unsigned char *to)
{
    unsigned rounds = 2;
    int any_number = 1; /* each round allocates in OpenSSL 3.0 */
    char digest[] = "SHA256";
    OSSL_PARAM params[6];

    params[0] = OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
                                                  (void *)(uintptr_t)password, len);
    params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, iv, sizeof(iv));
    params[4] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &any_number);
    params[5] = OSSL_PARAM_construct_end();
    return EVP_KDF_derive(with, to, TEXT_LEN, params) == 1;
}

static EVP_KDF_CTX *kdf(const char *query)
{
    EVP_KDF *fetched = EVP_KDF_fetch(lib, "PBKDF2", query);
    EVP_KDF_CTX *made_ctx = EVP_KDF_CTX_new(fetched);

    ck_assert_ptr_nonnull(made_ctx);
    EVP_KDF_free(fetched);
    return made_ctx;
}

static void fetch_kdf(void)
{
    EVP_KDF_CTX *stock = kdf("provider=default");

    ck_assert(derive(stock, made.key, made.key_len, expected));
    EVP_KDF_CTX_free(stock);
    kdf_ctx = kdf(NULL);
    memset(out, 0, TEXT_LEN);
}

static bool run_kdf(void)
{
    clock_move(31000);
    return derive(kdf_ctx, made.stand_in, strlen(made.stand_in), out);
}

static void free_kdf(void)
{
    EVP_KDF_CTX_free(kdf_ctx);
    kdf_ctx = NULL;
}

START_TEST(a_password_survives_each_failing_allocation)
{
    static const struct operation op = {
        "PBKDF2 with a stand-in", fetch_kdf, run_kdf, is_expected, free_kdf, true};

    run_all(&op);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocation: stock names");
    TCase *tcase = tcase_create("failures");

    failing_alloc_install();
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_stand_in_survives_each_failing_allocation);
    tcase_add_test(tcase, the_first_init_with_a_stand_in_survives_each_failing_allocation);
    tcase_add_test(tcase, a_programs_own_key_survives_each_failing_allocation);
    tcase_add_test(tcase, a_programs_own_key_takes_no_memory_of_ours);
    tcase_add_test(tcase, a_password_survives_each_failing_allocation);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
