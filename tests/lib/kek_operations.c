/* SPDX-License-Identifier: Apache-2.0 */
#include "kek_operations.h"

#include <openssl/params.h>

OSSL_LIB_CTX *kek_libctx;
EVP_PKEY *kek0;
EVP_PKEY *kek1;

void kek_operations_set_up(void)
{
    fake_reset();
    kek_libctx = fake_libctx_new();
    kek0 = kek_load(kek_libctx, "kek0");
    kek1 = kek_load(kek_libctx, "kek1");
}

void kek_operations_tear_down(void)
{
    EVP_PKEY_free(kek0);
    EVP_PKEY_free(kek1);
    fake_libctx_free(kek_libctx);
    ck_assert_int_eq(fake_references(), 0);
}

void context_param(OSSL_PARAM params[2], struct bytes context)
{
    params[0] = OSSL_PARAM_construct_octet_string("context", context.data, context.len);
    params[1] = OSSL_PARAM_construct_end();
}

struct bytes encapsulate(EVP_PKEY *pkey, const OSSL_PARAM params[], unsigned char secret[SECRET])
{
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, pkey, EVP_PKEY_encapsulate_init, params);
    size_t len = 0;
    size_t secret_len = 0;
    struct bytes sealed;

    ck_assert_int_eq(EVP_PKEY_encapsulate(ctx, NULL, &len, NULL, &secret_len), 1);
    ck_assert_uint_eq(secret_len, SECRET);
    sealed = bytes_new(len);
    ck_assert_int_eq(EVP_PKEY_encapsulate(ctx, sealed.data, &len, secret, &secret_len), 1);
    ck_assert_uint_lt(len, 400); /* what a database column is asked for */
    sealed.len = len;
    EVP_PKEY_CTX_free(ctx);
    return sealed;
}

int decapsulate(EVP_PKEY *pkey, const OSSL_PARAM params[], struct bytes sealed,
                unsigned char secret[SECRET])
{
    EVP_PKEY_CTX *ctx = kek_ctx(kek_libctx, pkey, EVP_PKEY_decapsulate_init, params);
    size_t len = 0;
    int ok;

    ck_assert_int_eq(EVP_PKEY_decapsulate(ctx, NULL, &len, sealed.data, sealed.len), 1);
    ck_assert_uint_eq(len, SECRET);
    ok = EVP_PKEY_decapsulate(ctx, secret, &len, sealed.data, sealed.len);
    EVP_PKEY_CTX_free(ctx);
    return ok;
}
