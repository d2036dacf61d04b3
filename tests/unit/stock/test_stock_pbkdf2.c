/* SPDX-License-Identifier: Apache-2.0 */
/* PBKDF2 with a stand-in for its password, against stock OpenSSL with the named key. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "caller.h"
#include "fake_keyring.h"
#include "fake_named_keys.h"

static OSSL_LIB_CTX *libctx;
static EVP_KDF_CTX *ours, *stock;
static unsigned char out[48], expected[48];
static const char *stand_in;

static EVP_KDF_CTX *context(const char *query)
{
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "PBKDF2", query);
    EVP_KDF_CTX *ctx;

    ck_assert_ptr_nonnull(kdf);
    ck_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)),
                     query == NULL ? "envelope" : "default");
    ctx = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);
    return ctx;
}

static void set_up(void)
{
    fake_reset();
    fake_named_reset();
    libctx = fake_named_libctx("key-kdfs = PBKDF2\n", true);
    ours = context(NULL);
    stock = context("provider=default");
    stand_in = fake_named_keys[FAKE_NAMED_32].stand_in;
    memset(out, 0, sizeof(out));
    memset(expected, 1, sizeof(expected));
}

static void tear_down(void)
{
    EVP_KDF_CTX_free(ours);
    EVP_KDF_CTX_free(stock);
    OSSL_LIB_CTX_free(libctx);
    ck_assert_int_eq(atomic_load(&fake_named_lent), 0);
}

#define PASSWORD 2

/* The password stands among other parameters, and only it is exchanged. */
static void fill(OSSL_PARAM params[5], const void *password, size_t len)
{
    static unsigned rounds = 1000;
    static char digest[] = "SHA256";
    static char salt[] = "key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-"; /* no password */

    params[0] = OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[PASSWORD] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
                                                         (void *)(uintptr_t)password, len);
    params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, 32);
    params[4] = OSSL_PARAM_construct_end();
}

static void same(const void *password, size_t len, const void *key, size_t key_len)
{
    OSSL_PARAM params[5];

    fill(params, key, key_len);
    ck_assert_int_eq(EVP_KDF_derive(stock, expected, sizeof(expected), params), 1);
    fill(params, password, len);
    ck_assert_int_eq(EVP_KDF_derive(ours, out, sizeof(out), params), 1);
    ck_assert_mem_eq(out, expected, sizeof(out));
    /* the caller's array is as it was */
    ck_assert_ptr_eq(params[PASSWORD].data, password);
    ck_assert_uint_eq(params[PASSWORD].data_size, len);
    /* in two calls */
    EVP_KDF_CTX_reset(ours);
    ck_assert_int_eq(EVP_KDF_CTX_set_params(ours, params), 1);
    memset(out, 0, sizeof(out));
    ck_assert_int_eq(EVP_KDF_derive(ours, out, sizeof(out), NULL), 1);
    ck_assert_mem_eq(out, expected, sizeof(out));
}

START_TEST(a_stand_in_is_replaced_by_a_key_of_any_length)
{
    static const size_t lens[] = {1, 16, 31, 32, 33, 64};
    struct fake_named_key *named = &fake_named_keys[FAKE_NAMED_32];

    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        named->len = lens[i];
        same(stand_in, 32, named->key, named->len);
    }
    ck_assert_int_eq(atomic_load(&fake_named_asked), 12);
}
END_TEST

START_TEST(passwords_are_passwords)
{
    static const char *const passwords[] = {
        "",
        "secret",
        "key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_",
        "key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-x",
        "key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_+",
        "key:aB3_-xyz0123",
    };

    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++)
        same(passwords[i], strlen(passwords[i]), passwords[i], strlen(passwords[i]));
    same("key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_\0", 32, "key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_\0", 32);
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

START_TEST(a_stand_in_with_a_line_end_is_no_password)
{
    static const char *const ends[] = {"\n", "\r\n", " ", "\t", "\0"};
    OSSL_PARAM params[5];
    char password[34];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const size_t len = i == 1 ? 2 : 1;

        memcpy(password, stand_in, 32);
        memcpy(password + 32, ends[i], len);
        fill(params, password, 32 + len);
        ck_refused(EVP_KDF_CTX_set_params(ours, params), ENV_R_STAND_IN_BLANKS);
        ck_refused(EVP_KDF_derive(ours, out, sizeof(out), params), ENV_R_STAND_IN_BLANKS);
    }
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

/* A file with a byte order mark, a setting with its quotation marks. */
START_TEST(a_stand_in_behind_something_is_no_password)
{
    static const char *const passwords[] = {
        "\xEF\xBB\xBFkey:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-",
        "\"key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-\"",
        " key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-\n",
    };
    static const char other[] = "\"key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-x\"";
    OSSL_PARAM params[5];

    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
        fill(params, passwords[i], strlen(passwords[i]));
        ck_refused(EVP_KDF_CTX_set_params(ours, params), ENV_R_STAND_IN_PRECEDED);
        ck_refused(EVP_KDF_derive(ours, out, sizeof(out), params), ENV_R_STAND_IN_PRECEDED);
    }
    same(other, strlen(other), other, strlen(other));
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

/* Of a whole one: a program that does not decode it. What only begins so is a password. */
START_TEST(the_text_of_a_stand_in_is_no_password)
{
    static const char *const texts[] = {
        "6b65793a4142434445464748494a4b4c4d4e4f505152535455565758595a5f2d",
        "6B65793A4142434445464748494A4B4C4D4E4F505152535455565758595A5F2D\n",
        "a2V5OkFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaXy0=",
        "a2V5OkFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaXy0",
    };
    static const char *const passwords[] = {
        "6b65793a4142434445464748494a4b4c4d4e4f505152535455565758595a5f2",
        "6b65793a4142434445464748494a4b4c4d4e4f505152535455565758595a5f2d2d",
        "6b65793a4142434445464748494a4b4c4d4e4f505152535455565758595a5f2b",
        "a2V5OkFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaXy0==",
        "a2V5OkFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaXys=",
    };
    OSSL_PARAM params[5];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        fill(params, texts[i], strlen(texts[i]));
        ck_refused(EVP_KDF_CTX_set_params(ours, params), ENV_R_STAND_IN_ENCODED);
        ck_refused(EVP_KDF_derive(ours, out, sizeof(out), params), ENV_R_STAND_IN_ENCODED);
    }
    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
        fill(params, passwords[i], strlen(passwords[i]));
        ck_assert_int_eq(EVP_KDF_derive(ours, out, sizeof(out), params), 1);
    }
    ck_assert_int_eq(atomic_load(&fake_named_asked), 0);
}
END_TEST

START_TEST(what_is_refused_is_not_derived_from)
{
    OSSL_PARAM params[5];

    fake_named_keys[FAKE_NAMED_32].use = "AES-256-CBC";
    fill(params, stand_in, 32);
    ck_refused(EVP_KDF_CTX_set_params(ours, params), ENV_R_KEY_REFUSED);
    ck_refused(EVP_KDF_derive(ours, out, sizeof(out), params), ENV_R_KEY_REFUSED);
    params[PASSWORD] = params[3];
    params[3] = params[4];
    ck_assert_int_eq(EVP_KDF_derive(ours, out, sizeof(out), NULL), 0);
}
END_TEST

/* As a key of zeros, or of what was there before, would be for a program that looks at no result.
 */
START_TEST(a_refused_derivation_leaves_bytes_that_nobody_has)
{
    OSSL_PARAM params[5];
    unsigned char before[sizeof(out)];

    fake_named_keys[FAKE_NAMED_32].use = "AES-256-CBC";
    fill(params, stand_in, 32);
    for (int i = 0; i < 3; i++) {
        memcpy(before, out, sizeof(out));
        ck_refused(EVP_KDF_derive(ours, out, sizeof(out), params), ENV_R_KEY_REFUSED);
        for (size_t part = 0; part < sizeof(out); part += 16)
            ck_assert_mem_ne(out + part, before + part, 16);
    }
}
END_TEST

static int scrypt(const char *query, const void *password, size_t len, unsigned char made[32])
{
    EVP_KDF *kdf = EVP_KDF_fetch(libctx, "SCRYPT", "provider=default");
    EVP_KDF_CTX *kctx = EVP_KDF_CTX_new(kdf);
    uint64_t n = 16;
    uint32_t one = 1;
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)password, len),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, "salt", 4),
        OSSL_PARAM_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_R, &one),
        OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_P, &one),
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, (void *)(uintptr_t)query, strlen(query)),
        OSSL_PARAM_END,
    };
    int ok = EVP_KDF_derive(kctx, made, 32, params);

    EVP_KDF_CTX_free(kctx);
    EVP_KDF_free(kdf);
    return ok;
}

/* What OpenSSL builds of PBKDF2 takes the key as well. */
START_TEST(scrypt_takes_a_stand_in)
{
    const struct fake_named_key *named = &fake_named_keys[FAKE_NAMED_32];
    char unknown[33];

    ck_assert_int_eq(scrypt("provider=default", named->key, named->len, expected), 1);
    ck_assert_int_eq(scrypt("", stand_in, 32, out), 1);
    ck_assert_mem_eq(out, expected, 32);
    memcpy(unknown, stand_in, 33);
    unknown[31] = 'x';
    ck_assert_int_eq(scrypt("", unknown, 32, out), 0);
    ERR_clear_error();
}
END_TEST

START_TEST(contexts_are_reset_and_copied)
{
    OSSL_PARAM params[5];
    EVP_KDF_CTX *copy;

    fill(params, stand_in, 32);
    ck_assert_int_eq(EVP_KDF_CTX_set_params(ours, params), 1);
    copy = EVP_KDF_CTX_dup(ours);
    EVP_KDF_CTX_reset(ours);
    ck_assert_int_eq(EVP_KDF_derive(ours, out, sizeof(out), NULL), 0);
    if (copy != NULL) { /* OpenSSL 3.0 copies no PBKDF2 */
        fill(params, fake_named_keys[FAKE_NAMED_32].key, 32);
        ck_assert_int_eq(EVP_KDF_derive(copy, out, sizeof(out), NULL), 1);
        ck_assert_int_eq(EVP_KDF_derive(stock, expected, sizeof(expected), params), 1);
        ck_assert_mem_eq(out, expected, sizeof(out));
    }
    EVP_KDF_CTX_free(copy);
}
END_TEST

START_TEST(a_wrong_configuration_is_said_to_stand_ins_alone)
{
    OSSL_PARAM params[5];

    EVP_KDF_CTX_free(ours);
    EVP_KDF_CTX_free(stock);
    OSSL_LIB_CTX_free(libctx);
    libctx = fake_named_libctx("key_kdfs = PBKDF2\n", true);
    ours = context(NULL);
    stock = context("provider=default");
    same("secret", 6, "secret", 6);
    fill(params, stand_in, 32);
    ck_refused(EVP_KDF_derive(ours, out, sizeof(out), params), ENV_R_CONFIG_UNKNOWN_KEY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stock: PBKDF2");
    TCase *tcase = tcase_create("PBKDF2");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_stand_in_is_replaced_by_a_key_of_any_length);
    tcase_add_test(tcase, passwords_are_passwords);
    tcase_add_test(tcase, a_stand_in_with_a_line_end_is_no_password);
    tcase_add_test(tcase, a_stand_in_behind_something_is_no_password);
    tcase_add_test(tcase, the_text_of_a_stand_in_is_no_password);
    tcase_add_test(tcase, what_is_refused_is_not_derived_from);
    tcase_add_test(tcase, a_refused_derivation_leaves_bytes_that_nobody_has);
    tcase_add_test(tcase, scrypt_takes_a_stand_in);
    tcase_add_test(tcase, contexts_are_reset_and_copied);
    tcase_add_test(tcase, a_wrong_configuration_is_said_to_stand_ins_alone);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
