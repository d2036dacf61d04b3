/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of gettable and settable parameters: each name in them works. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include "kek_operations.h"

static int of_cipher(void *cipher, OSSL_PARAM params[])
{
    return EVP_CIPHER_get_params(cipher, params);
}

static int of_context(void *ctx, OSSL_PARAM params[])
{
    return EVP_CIPHER_CTX_get_params(ctx, params);
}

static int of_key(void *pkey, OSSL_PARAM params[])
{
    return EVP_PKEY_get_params(pkey, params);
}

/* Asks for each by itself; how many were answered. */
static unsigned answered(const OSSL_PARAM *list, int (*get)(void *of, OSSL_PARAM params[]),
                         void *of)
{
    unsigned n = 0;

    ck_assert_ptr_nonnull(list);
    for (; list->key != NULL; list++) {
        unsigned char room[1024] = {0};
        OSSL_PARAM asked[] = {*list, OSSL_PARAM_END};

        asked[0].data = room;
        if (asked[0].data_size == 0)
            asked[0].data_size = sizeof(room);
        OSSL_PARAM_set_all_unmodified(asked);
        ck_assert_msg(get(of, asked) == 1, "%s cannot be asked", list->key);
        n += OSSL_PARAM_modified(asked) != 0;
    }
    ck_assert_uint_eq(ERR_peek_error(), 0);
    return n;
}

static void set_each(EVP_CIPHER_CTX *ctx, unsigned expected)
{
    static const struct {
        const char *name;
        OSSL_PARAM param;
    } values[] = {
        {"kek", OSSL_PARAM_utf8_string("kek", (char *)(uintptr_t) "kek0", 4)},
        {"context", OSSL_PARAM_octet_string("context", (char *)(uintptr_t) "payroll", 7)},
    };
    const OSSL_PARAM *list = EVP_CIPHER_CTX_settable_params(ctx);
    unsigned n = 0;

    for (; list->key != NULL; list++, n++) {
        size_t keylen = 32;
        unsigned padding = 1;
        OSSL_PARAM params[] = {OSSL_PARAM_END, OSSL_PARAM_END};

        if (list->data_type == OSSL_PARAM_UNSIGNED_INTEGER && list->data_size == sizeof(keylen))
            params[0] = OSSL_PARAM_construct_size_t(list->key, &keylen);
        else if (list->data_type == OSSL_PARAM_UNSIGNED_INTEGER)
            params[0] = OSSL_PARAM_construct_uint(list->key, &padding);
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            if (strcmp(values[i].name, list->key) == 0)
                params[0] = values[i].param;
        }
        ck_assert_ptr_nonnull(params[0].key);
        ck_assert_uint_eq(params[0].data_type, list->data_type);
        ck_assert_msg(EVP_CIPHER_CTX_set_params(ctx, params) == 1, "%s cannot be set", list->key);
    }
    ck_assert_uint_eq(n, expected);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

START_TEST(ciphers_answer_every_parameter_that_they_list)
{
    static const struct {
        const char *name;
        unsigned settable; /* kek, keylen, padding; and where it is sealed, context */
    } ciphers[] = {{"ENVELOPE", 4}, {"ENVELOPE-64K", 4}, {"ENVELOPE-REWRAP", 3}};
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(kek_libctx, ciphers[_i].name, NULL);
    EVP_CIPHER_CTX *ctx = caller_begin(kek_libctx, ciphers[_i].name, 1);

    ck_assert_ptr_nonnull(cipher);
    ck_assert_uint_eq(answered(EVP_CIPHER_gettable_params(cipher), of_cipher, cipher), 4);
    ck_assert_uint_eq(answered(EVP_CIPHER_CTX_gettable_params(ctx), of_context, ctx), 2);
    ck_assert_ptr_nonnull(OSSL_PARAM_locate_const(EVP_CIPHER_settable_ctx_params(cipher), "kek"));
    set_each(ctx, ciphers[_i].settable);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}
END_TEST

/* Of an AES KEK all but a modulus and an exponent. */
START_TEST(keks_answer_every_parameter_that_they_list)
{
    EVP_PKEY *pkey;

    if (_i == 1)
        fake_make_rsa(0, ENV_WRAP_RSA_OAEP_SHA256, "rsa/kek-3072.pem");
    pkey = kek_load(kek_libctx, "kek0");
    ck_assert_uint_eq(answered(EVP_PKEY_gettable_params(pkey), of_key, pkey), _i == 1 ? 12 : 10);
    EVP_PKEY_free(pkey);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ciphers: lists of parameters");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, kek_operations_set_up, kek_operations_tear_down);
    tcase_add_loop_test(tcase, ciphers_answer_every_parameter_that_they_list, 0, 3);
    tcase_add_loop_test(tcase, keks_answer_every_parameter_that_they_list, 0, 2);
    suite_add_tcase(suite, tcase);
    return caller_run(suite);
}
