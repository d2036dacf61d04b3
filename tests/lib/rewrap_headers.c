/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrap_headers.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

const struct env_selector todays;
const struct env_dek_context *context;

void rewrap_headers_set_up(void)
{
    EVP_CIPHER *cipher;

    header_tree_set_up();
    cipher = EVP_CIPHER_fetch(libctx, "ENVELOPE", NULL);
    context =
        &((struct env_provctx *)OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher)))
             ->dek;
    EVP_CIPHER_free(cipher);
}

struct env_span span_of(struct bytes bytes)
{
    return (struct env_span){bytes.data, bytes.len};
}

struct env_header *read_any(struct bytes der)
{
    struct env_header *header = NULL;

    ck_assert(env_ok(env_dek_read_any_header(span_of(der), &header)));
    return header;
}

int rewrap_reason(struct bytes der)
{
    enum env_content content = (enum env_content)77;
    uint8_t *out = NULL;
    size_t len = 4711;
    ENV_RESULT r;

    ERR_clear_error();
    r = env_dek_rewrap(context, &todays, span_of(der), &content, &out, &len);
    ck_assert(!env_ok(r));
    ck_assert_ptr_null(out);
    ck_assert_uint_eq(len, 4711);
    ck_assert_int_eq(content, 77);
    ck_assert_int_eq(fake_references(), 0);
    if (r.raised)
        ck_assert_int_eq(fake_last_reason(), r.reason);
    return (int)r.reason;
}

bool is_current(struct bytes der)
{
    struct env_header *header = read_any(der);
    bool current = true;

    ck_assert(env_ok(env_dek_is_current(context, &todays, header, span_of(der), &current)));
    ck_assert_int_eq(fake_references(), 0);
    OPENSSL_free(header);
    return current;
}

struct bytes header_with(size_t count, const size_t *keks, const uint8_t deks[][ENV_DEK_LEN])
{
    struct env_header *header = OPENSSL_zalloc(sizeof(*header));
    uint8_t *der = NULL;
    size_t len = 0;
    struct bytes bytes;

    header->count = count;
    for (size_t i = 0; i < count; i++) {
        struct env_kek_id *id = &header->recipients[i].id;
        struct env_kek *kek = NULL;

        *id = fake_keks[keks[i]].id;
        ck_assert(env_ok(context->keyring->vtable->lookup(context->keyring, id, ENV_WRAP_AES256_KW,
                                                          &kek, NULL)));
        ck_assert(env_ok(kek->vtable->wrap(kek, deks[i], &header->recipients[i].wrapped)));
        env_kek_free(kek);
    }
    ck_assert(env_ok(env_header_encode(context->crypto, header, deks[0], &der, &len)));
    bytes = bytes_of(der, len);
    OPENSSL_free(der);
    OPENSSL_free(header);
    return bytes;
}
