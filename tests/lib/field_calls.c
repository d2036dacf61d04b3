/* SPDX-License-Identifier: Apache-2.0 */
#include "field_calls.h"

#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include "envelope/format/field_key_bytes.h"

struct bytes field_key_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

static struct env_span span_of(const char *text)
{
    return (struct env_span){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

struct bytes field_key_form(const char *stand_in, struct bytes tenant_key, const char *tenant,
                            const char *context)
{
    const struct env_field_key_bytes parts = {
        span_of(stand_in), {tenant_key.data, tenant_key.len}, span_of(tenant), span_of(context)};
    struct bytes bytes = bytes_new(ENV_FIELD_KEY_MAX);

    ck_assert(env_ok(env_field_key_bytes_write(&parts, bytes.data, &bytes.len)));
    return bytes;
}

static size_t params_of(const struct field_call *call, OSSL_PARAM *params)
{
    size_t n = 0;

    if (call->name != NULL)
        params[n++] =
            OSSL_PARAM_construct_utf8_string("field-key", (char *)(uintptr_t)call->name, 0);
    if (call->context != NULL)
        params[n++] = OSSL_PARAM_construct_octet_string("context", (void *)(uintptr_t)call->context,
                                                        strlen(call->context));
    if (call->tenant != NULL)
        params[n++] = OSSL_PARAM_construct_octet_string("tenant", (void *)(uintptr_t)call->tenant,
                                                        strlen(call->tenant));
    if (call->tenant_key.data != NULL)
        params[n++] = OSSL_PARAM_construct_octet_string("tenant-key", call->tenant_key.data,
                                                        call->tenant_key.len);
    params[n] = OSSL_PARAM_construct_end();
    return n;
}

int field_init(EVP_CIPHER_CTX *ctx, const struct field_call *call, int sealing)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(call->libctx, call->cipher, NULL);
    OSSL_PARAM params[5];
    int ok;

    ck_assert_ptr_nonnull(cipher);
    (void)params_of(call, params);
    ok = EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, sealing, NULL);
    if (ok == 1 && call->key.len > 0)
        ok = EVP_CIPHER_CTX_set_key_length(ctx, (int)call->key.len);
    if (ok == 1)
        ok = EVP_CipherInit_ex2(ctx, NULL, call->key.len > 0 ? call->key.data : NULL, NULL, sealing,
                                params);
    EVP_CIPHER_free(cipher);
    return ok;
}

EVP_CIPHER_CTX *field_begin(const struct field_call *call, int sealing)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    ck_assert_ptr_nonnull(ctx);
    ck_assert_int_eq(field_init(ctx, call, sealing), 1);
    return ctx;
}

int field_run(const struct field_call *call, int sealing, struct bytes in, struct bytes *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0, last = 0;
    int ok;

    *out = bytes_new(in.len + 64);
    ok = field_init(ctx, call, sealing) == 1 &&
         (in.len == 0 || EVP_CipherUpdate(ctx, out->data, &n, in.data, (int)in.len) == 1) &&
         EVP_CipherFinal_ex(ctx, out->data + n, &last) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!ok && !sealing)
        ck_assert(bytes_are(*out, 0));
    out->len = ok ? (size_t)(n + last) : 0;
    return ok;
}

struct bytes field_seal(const struct field_call *call, struct bytes value)
{
    struct bytes field;

    if (!field_run(call, 1, value, &field)) {
        ERR_print_errors_fp(stderr);
        ck_abort_msg("a value of %zu bytes is not sealed", value.len);
    }
    return field;
}

void field_opens(const struct field_call *call, struct bytes field, struct bytes value)
{
    struct bytes opened;

    if (!field_run(call, 0, field, &opened)) {
        ERR_print_errors_fp(stderr);
        ck_abort_msg("a field of %zu bytes does not open", field.len);
    }
    ck_assert_uint_eq(opened.len, value.len);
    ck_assert(value.len == 0 || memcmp(opened.data, value.data, value.len) == 0);
    bytes_free(&opened);
}

void field_refused(const struct field_call *call, struct bytes field, int reason)
{
    struct bytes opened;

    ck_refused(field_run(call, 0, field, &opened), reason);
    bytes_free(&opened);
}
