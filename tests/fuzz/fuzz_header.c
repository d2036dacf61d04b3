/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header codec. What decodes has the length that its first bytes say, encodes to the same bytes
 * but for the MAC, and is a CMS message for stock OpenSSL; what does not leaves no notes behind.
 */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <string.h>

#include "der_mutator.h"
#include "envelope/format/header.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct env_header header;
    struct env_span der = {data, size};
    size_t stated = 0;
    ENV_RESULT measured;
    ENV_RESULT decoded;

    measured = env_header_length(
        (struct env_span){data, size < ENV_HEADER_PEEK ? size : ENV_HEADER_PEEK}, &stated);
    FUZZ_DEMAND(!env_ok(measured) || stated <= ENV_HEADER_MAX);
    decoded = env_header_decode(der, &header);
    FUZZ_DEMAND(ERR_peek_error() == 0);
    if (!env_ok(decoded)) {
        FUZZ_DEMAND(decoded.reason != ENV_R_INTERNAL && !decoded.raised);
        return 0;
    }
    FUZZ_DEMAND(env_ok(measured) && stated == size);
    FUZZ_DEMAND(header.count >= 1 && header.count <= ENV_KEK_RECIPIENTS_MAX);
    same_bytes_again(der, &header);
    is_cms(der);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return seed % 4 == 0 ? LLVMFuzzerMutate(data, size, max_size)
                         : der_mutate(data, size, max_size, seed);
}
