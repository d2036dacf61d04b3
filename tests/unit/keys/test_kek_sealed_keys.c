/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed keys (EVP_PKEY_encapsulate) with KEKs. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "kek_operations.h"

START_TEST(a_sealed_key_comes_back)
{
    unsigned char secret[SECRET];
    unsigned char again[SECRET] = {0};
    unsigned char other[SECRET];
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    struct bytes second = encapsulate(kek0, NULL, other);

    ck_assert_int_eq(decapsulate(kek0, NULL, sealed, again), 1);
    ck_assert_mem_eq(secret, again, SECRET);
    ck_assert_mem_ne(secret, other, SECRET);
    bytes_free(&sealed);
    bytes_free(&second);
}
END_TEST

START_TEST(the_context_goes_into_the_secret)
{
    struct bytes long_one = bytes_new(4096);
    struct bytes too_long = bytes_new(4097);
    struct bytes short_one = bytes_of("column 7", 8);
    OSSL_PARAM params[2];
    OSSL_PARAM others[2];
    unsigned char secret[SECRET];
    unsigned char again[SECRET] = {0};
    struct bytes sealed;
    EVP_PKEY_CTX *ctx;

    context_param(params, short_one);
    sealed = encapsulate(kek0, params, secret);
    ck_assert_int_eq(decapsulate(kek0, params, sealed, again), 1);
    ck_assert_mem_eq(secret, again, SECRET);
    context_param(others, long_one);
    ck_assert_int_eq(decapsulate(kek0, others, sealed, again), 1);
    ck_assert_mem_ne(secret, again, SECRET);
    ck_assert_int_eq(decapsulate(kek0, NULL, sealed, again), 1);
    ck_assert_mem_ne(secret, again, SECRET);
    context_param(others, too_long);
    ctx = EVP_PKEY_CTX_new_from_pkey(kek_libctx, kek0, NULL);
    ck_refused(EVP_PKEY_encapsulate_init(ctx, others) > 0, ENV_R_CONTEXT_TOO_LONG);
    ck_assert_int_eq(EVP_PKEY_decapsulate_init(ctx, NULL), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_params(ctx, params), 1); /* after init as well */
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&sealed);
    bytes_free(&long_one);
    bytes_free(&too_long);
    bytes_free(&short_one);
}
END_TEST

/* HKDF-Expand of one block, as docs/FORMAT.md gives it, by libcrypto's KDF. */
static void expand(const unsigned char dek[32], const char *info, unsigned char out[SECRET])
{
    EVP_KDF *kdf = EVP_KDF_fetch(kek_libctx, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    char digest[] = "SHA384";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)dek, 32),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info,
                                          strlen(info)),
        OSSL_PARAM_construct_end(),
    };

    ck_assert_int_eq(EVP_KDF_derive(ctx, out, SECRET, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

START_TEST(the_secret_is_derived_from_the_dek)
{
    struct bytes context = bytes_of("column 7", 8);
    unsigned char secret[SECRET];
    unsigned char expected[SECRET];
    unsigned char dek[64];
    unsigned char zeros[16] = {0};
    OSSL_PARAM params[2];
    struct bytes sealed;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(kek_libctx, "AES-256-WRAP", NULL);
    size_t at = 0;
    int n = 0;

    context_param(params, context);
    sealed = encapsulate(kek0, params, secret);
    for (size_t i = 0; i + 42 <= sealed.len && at == 0; i++) { /* OCTET STRING (SIZE (40)) */
        if (sealed.data[i] == 0x04 && sealed.data[i + 1] == 40)
            at = i + 2;
    }
    ck_assert_uint_ne(at, 0);
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    ck_assert_int_eq(EVP_DecryptInit_ex2(ctx, cipher, fake_keks[0].key, NULL, NULL), 1);
    ck_assert_int_eq(EVP_DecryptUpdate(ctx, dek, &n, sealed.data + at, 40), 1);
    ck_assert_int_eq(n, 32);
    expand(dek, "envelope sealed key v1column 7", expected);
    ck_assert_mem_eq(secret, expected, SECRET);
    ck_assert_mem_ne(secret, dek, SECRET);
    ck_assert_mem_ne(secret, zeros, sizeof(zeros));
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    bytes_free(&sealed);
    bytes_free(&context);
}
END_TEST

START_TEST(short_buffers_are_refused)
{
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_encapsulate_init, NULL);
    unsigned char secret[SECRET] = {0};
    unsigned char zeros[SECRET] = {0};
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    struct bytes exact = bytes_new(sealed.len);
    size_t len = sealed.len - 1;
    size_t secret_len = SECRET;

    memset(secret, 0, sizeof(secret));
    ck_refused(EVP_PKEY_encapsulate(ctx, exact.data, &len, secret, &secret_len),
               ENV_R_OUTPUT_TOO_SMALL);
    ck_assert_mem_eq(secret, zeros, SECRET);
    ck_assert(bytes_are(exact, 0));
    len = sealed.len;
    secret_len = SECRET - 1;
    ck_refused(EVP_PKEY_encapsulate(ctx, exact.data, &len, secret, &secret_len),
               ENV_R_OUTPUT_TOO_SMALL);
    secret_len = SECRET;
    ck_assert_int_eq(EVP_PKEY_encapsulate(ctx, exact.data, &len, secret, &secret_len), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_decapsulate_init, NULL);
    secret_len = SECRET - 1;
    ck_refused(EVP_PKEY_decapsulate(ctx, secret, &secret_len, sealed.data, sealed.len),
               ENV_R_OUTPUT_TOO_SMALL);
    EVP_PKEY_CTX_free(ctx);
    bytes_free(&sealed);
    bytes_free(&exact);
}
END_TEST

START_TEST(what_is_no_sealed_key_for_the_key_is_refused)
{
    unsigned char secret[SECRET];
    unsigned char untouched[SECRET];
    struct bytes plain = bytes_plain(100, 1);
    struct bytes message = caller_seal(kek_libctx, plain);
    struct bytes header = {.data = message.data, .len = message_headers_len(message) - 74};
    struct bytes sealed = encapsulate(kek0, NULL, secret);

    memset(secret, 0xA5, sizeof(secret));
    memcpy(untouched, secret, sizeof(secret));
    ck_refused(decapsulate(kek0, NULL, message, secret), ENV_R_WRONG_CONTENT);
    ck_refused(decapsulate(kek0, NULL, header, secret), ENV_R_WRONG_CONTENT);
    ck_refused(decapsulate(kek0, NULL, plain, secret), ENV_R_NOT_A_MESSAGE);
    ck_refused(decapsulate(kek1, NULL, sealed, secret), ENV_R_OTHER_KEK);
    for (size_t len = 1; len < sealed.len; len++) {
        ERR_clear_error();
        ck_assert_int_eq(
            decapsulate(kek0, NULL, (struct bytes){.data = sealed.data, .len = len}, secret), 0);
        ck_assert_int_eq(caller_reason(), ENV_R_TRUNCATED);
    }
    bytes_append(&sealed, "", 1);
    ck_refused(decapsulate(kek0, NULL, sealed, secret), ENV_R_TRAILING_DATA);
    ck_assert_mem_eq(secret, untouched, sizeof(secret));
    bytes_free(&sealed);
    bytes_free(&message);
    bytes_free(&plain);
}
END_TEST

START_TEST(an_altered_sealed_key_is_not_authentic)
{
    unsigned char secret[SECRET];
    unsigned char untouched[SECRET];
    struct bytes sealed = encapsulate(kek0, NULL, secret);

    memset(secret, 0xA5, sizeof(secret));
    memcpy(untouched, secret, sizeof(secret));
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.data[i] ^= 1;
        ERR_clear_error();
        ck_assert_int_eq(decapsulate(kek0, NULL, sealed, secret), 0);
        ck_assert_int_ne(caller_reason(), ENV_R_NONE);
        sealed.data[i] ^= 1;
    }
    ck_assert_mem_eq(secret, untouched, sizeof(secret));
    bytes_free(&sealed);
}
END_TEST

START_TEST(no_message_can_be_hung_on_a_sealed_key)
{
    unsigned char secret[SECRET];
    struct bytes plain = bytes_plain(100, 1);
    struct bytes message = caller_seal(kek_libctx, plain);
    size_t header = message_headers_len(message) - 74;
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    EVP_CIPHER_CTX *ctx = caller_begin(kek_libctx, "ENVELOPE", 0);
    unsigned char out[4096 + 512];
    int n = 0;

    bytes_append(&sealed, message.data + header, message.len - header);
    ck_refused(EVP_CipherUpdate(ctx, out, &n, sealed.data, (int)sealed.len), ENV_R_WRONG_CONTENT);
    EVP_CIPHER_CTX_free(ctx);
    bytes_free(&sealed);
    bytes_free(&message);
    bytes_free(&plain);
}
END_TEST

START_TEST(a_failing_token_is_reported)
{
    unsigned char secret[SECRET];
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    struct bytes room = bytes_new(4096);
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_encapsulate_init, NULL);
    size_t secret_len = SECRET;

    fake_keks[0].fail_wrap = true;
    ck_refused(EVP_PKEY_encapsulate(ctx, room.data, &room.len, secret, &secret_len),
               ENV_R_WRAP_FAILED);
    fake_keks[0].fail_wrap = false;
    ck_assert_int_eq(EVP_PKEY_encapsulate(ctx, room.data, &room.len, secret, &secret_len), 1);
    EVP_PKEY_CTX_free(ctx);
    fake_keks[0].fail_unwrap = true;
    ck_refused(decapsulate(kek0, NULL, sealed, secret), ENV_R_TOKEN_FAILED);
    bytes_free(&room);
    bytes_free(&sealed);
}
END_TEST

START_TEST(contexts_outlive_keys)
{
    unsigned char secret[SECRET];
    unsigned char again[SECRET];
    struct bytes sealed = encapsulate(kek0, NULL, secret);
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, kek0, EVP_PKEY_decapsulate_init, NULL);
    EVP_PKEY_CTX *copy;
    size_t len = SECRET;

    EVP_PKEY_free(kek0);
    kek0 = NULL;
    copy = EVP_PKEY_CTX_dup(ctx);
    ck_assert_ptr_nonnull(copy);
    EVP_PKEY_CTX_free(ctx);
    ck_assert_int_eq(EVP_PKEY_decapsulate(copy, again, &len, sealed.data, sealed.len), 1);
    ck_assert_mem_eq(secret, again, SECRET);
    EVP_PKEY_CTX_free(copy);
    bytes_free(&sealed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: sealed keys (KEM)");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, kek_operations_set_up, kek_operations_tear_down);
    tcase_add_test(tcase, a_sealed_key_comes_back);
    tcase_add_test(tcase, the_context_goes_into_the_secret);
    tcase_add_test(tcase, the_secret_is_derived_from_the_dek);
    tcase_add_test(tcase, short_buffers_are_refused);
    tcase_add_test(tcase, what_is_no_sealed_key_for_the_key_is_refused);
    tcase_add_test(tcase, an_altered_sealed_key_is_not_authentic);
    tcase_add_test(tcase, no_message_can_be_hung_on_a_sealed_key);
    tcase_add_test(tcase, a_failing_token_is_reported);
    tcase_add_test(tcase, contexts_outlive_keys);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
