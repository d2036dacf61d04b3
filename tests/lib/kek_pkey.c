/* SPDX-License-Identifier: Apache-2.0 */
#include "kek_pkey.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <stdio.h>
#include <string.h>

EVP_PKEY_CTX *kek_keygen_ctx(OSSL_LIB_CTX *libctx, const char *label)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, "ENVELOPE-KEK", NULL);
    OSSL_PARAM params[] = {OSSL_PARAM_END, OSSL_PARAM_END};

    ck_assert_ptr_nonnull(ctx);
    ck_assert_int_eq(EVP_PKEY_keygen_init(ctx), 1);
    if (label != NULL) {
        params[0] = OSSL_PARAM_construct_utf8_string("label", (char *)(uintptr_t)label, 0);
        ck_assert_int_eq(EVP_PKEY_CTX_set_params(ctx, params), 1);
    }
    return ctx;
}

EVP_PKEY *kek_load(OSSL_LIB_CTX *libctx, const char *label)
{
    char uri[64];
    OSSL_STORE_CTX *store;
    OSSL_STORE_INFO *info;
    EVP_PKEY *pkey;

    (void)snprintf(uri, sizeof(uri), "envelope:object=%s", label);
    store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(store);
    info = OSSL_STORE_load(store);
    ck_assert_ptr_nonnull(info);
    pkey = OSSL_STORE_INFO_get1_PKEY(info);
    ck_assert_ptr_nonnull(pkey);
    OSSL_STORE_INFO_free(info);
    ck_assert_int_eq(OSSL_STORE_eof(store), 1);
    ck_assert_int_eq(OSSL_STORE_close(store), 1);
    return pkey;
}

struct bytes kek_encode(EVP_PKEY *pkey, int selection, const char *type, const char *structure)
{
    OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(pkey, selection, type, structure, NULL);
    unsigned char *data = NULL;
    size_t len = 0;
    struct bytes out;

    ck_assert_ptr_nonnull(ctx);
    ck_assert_int_eq(OSSL_ENCODER_to_data(ctx, &data, &len), 1);
    out = bytes_of(data, len);
    OPENSSL_free(data);
    OSSL_ENCODER_CTX_free(ctx);
    return out;
}

EVP_PKEY *kek_decode(OSSL_LIB_CTX *libctx, struct bytes encoded, const char *type)
{
    EVP_PKEY *pkey = NULL;
    OSSL_DECODER_CTX *ctx =
        OSSL_DECODER_CTX_new_for_pkey(&pkey, type, NULL, NULL, EVP_PKEY_KEYPAIR, libctx, NULL);
    const unsigned char *data = encoded.data;
    size_t len = encoded.len;

    ck_assert_ptr_nonnull(ctx);
    if (OSSL_DECODER_from_data(ctx, &data, &len) != 1)
        ck_assert_ptr_null(pkey);
    OSSL_DECODER_CTX_free(ctx);
    return pkey;
}

EVP_PKEY_CTX *kek_ctx(OSSL_LIB_CTX *libctx, EVP_PKEY *pkey,
                      int (*init)(EVP_PKEY_CTX *ctx, const OSSL_PARAM params[]),
                      const OSSL_PARAM params[])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, pkey, NULL);

    ck_assert_ptr_nonnull(ctx);
    ck_assert_int_eq(init(ctx, params), 1);
    return ctx;
}
