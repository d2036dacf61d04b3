/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header codec. A header that decodes has the length that its first bytes announce, encodes to
 * the same bytes except for the MAC, and is a CMS message for stock OpenSSL. One that does not
 * decode leaves nothing in the details. The short cuts of header_template.c, which learn from
 * earlier headers, give the same results as the ASN.1 templates. There is room for every recipient
 * that fits into this many bytes.
 */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <string.h>

#include "der_mutator.h"
#include "envelope/format/header.h"
#include "envelope/format/header_der.h"

static struct env_crypto *crypto;
static const uint8_t dek[ENV_DEK_LEN] = {0xD0};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypto = env_crypto_new(NULL, NULL);
    FUZZ_DEMAND(crypto != NULL && env_ok(env_crypto_ready(crypto)));
    return 0;
}

static void same_bytes_again(struct env_span der, const struct env_header *header)
{
    uint8_t *again = NULL;
    size_t len = 0;

    FUZZ_DEMAND(env_ok(env_header_encode(crypto, header, dek, &again, &len)));
    FUZZ_DEMAND(len == der.len);
    FUZZ_DEMAND(memcmp(again, der.data, len - ENV_HEADER_MAC_LEN) == 0);
    FUZZ_DEMAND(env_ok(env_header_verify(crypto, (struct env_span){again, len}, dek)));
    again[len / 2] ^= 1;
    FUZZ_DEMAND(env_header_verify(crypto, (struct env_span){again, len}, dek).reason ==
                ENV_R_NOT_AUTHENTIC);
    OPENSSL_free(again);
}

static void is_cms(struct env_span der)
{
    const unsigned char *p = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.len);

    FUZZ_DEMAND(cms != NULL && p == der.data + der.len);
    CMS_ContentInfo_free(cms);
}

static bool same_recipients(const struct env_header *a, const struct env_header *b)
{
    if (a->parameters.data != b->parameters.data || a->parameters.len != b->parameters.len)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct env_recipient *x = &a->recipients[i];
        const struct env_recipient *y = &b->recipients[i];

        if (x->id.len != y->id.len || memcmp(x->id.bytes, y->id.bytes, x->id.len) != 0 ||
            x->wrapped.alg != y->wrapped.alg || x->wrapped.len != y->wrapped.len ||
            x->wrapped.nonce_len != y->wrapped.nonce_len ||
            memcmp(x->wrapped.nonce, y->wrapped.nonce, sizeof(x->wrapped.nonce)) != 0 ||
            memcmp(x->wrapped.data, y->wrapped.data, x->wrapped.len) != 0)
            return false;
    }
    return true;
}

static void check_decoded(struct env_span der, const struct env_header *header)
{
    size_t stated = 0;
    ENV_RESULT measured = env_header_length(
        (struct env_span){der.data, der.len < ENV_HEADER_PEEK ? der.len : ENV_HEADER_PEEK},
        &stated);

    FUZZ_DEMAND(env_ok(measured) && stated == der.len);
    FUZZ_DEMAND(header->count >= 1 && header->count <= ENV_KEK_RECIPIENTS_MAX);
    same_bytes_again(der, header);
    is_cms(der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct env_header by_asn1;
    struct env_span der = {data, size};
    struct env_header *header = env_header_new(env_header_most_recipients(size));
    size_t stated = 0;
    ENV_RESULT measured;
    ENV_RESULT decoded;
    ENV_RESULT asn1;

    measured = env_header_length(
        (struct env_span){data, size < ENV_HEADER_PEEK ? size : ENV_HEADER_PEEK}, &stated);
    FUZZ_DEMAND(!env_ok(measured) || stated <= ENV_HEADER_MAX);
    FUZZ_DEMAND(header != NULL);
    decoded = env_header_decode(der, header);
    FUZZ_DEMAND(ERR_peek_error() == 0);
    asn1 = env_header_der_read(der, &by_asn1);
    FUZZ_DEMAND(!decoded.raised && (decoded.reason == asn1.reason ||
                                    (env_ok(asn1) && decoded.reason == ENV_R_DUPLICATE_RECIPIENT)));
    FUZZ_DEMAND(decoded.reason != ENV_R_INTERNAL);
    if (env_ok(decoded)) {
        FUZZ_DEMAND(header->content == by_asn1.content && header->count == by_asn1.count &&
                    same_recipients(header, &by_asn1));
        check_decoded(der, header);
    }
    OPENSSL_free(header);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return seed % 4 == 0 ? LLVMFuzzerMutate(data, size, max_size)
                         : der_mutate(data, size, max_size, seed);
}
