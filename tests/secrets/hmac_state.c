/* SPDX-License-Identifier: Apache-2.0 */
/* The hash functions of old are the only way to see a hash's state. */
#undef OPENSSL_NO_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#include "hmac_state.h"

#include <openssl/sha.h>
#include <string.h>

static void pad(const uint8_t *key, size_t len, uint8_t with, uint8_t *block, size_t block_len)
{
    memset(block, with, block_len);
    for (size_t i = 0; i < len; i++)
        block[i] ^= key[i];
}

static void state_384(const uint8_t *key, size_t len, uint8_t with, uint8_t out[64])
{
    uint8_t block[SHA512_CBLOCK];
    SHA512_CTX ctx;

    pad(key, len, with, block, sizeof(block));
    (void)SHA384_Init(&ctx);
    (void)SHA384_Update(&ctx, block, sizeof(block));
    memcpy(out, ctx.h, 64);
}

static void state_256(const uint8_t *key, size_t len, uint8_t with, uint8_t out[32])
{
    uint8_t block[SHA256_CBLOCK];
    SHA256_CTX ctx;

    pad(key, len, with, block, sizeof(block));
    (void)SHA256_Init(&ctx);
    (void)SHA256_Update(&ctx, block, sizeof(block));
    memcpy(out, ctx.h, 32);
}

void hmac_state_sha384(const uint8_t *key, size_t len, struct hmac_state *out)
{
    state_384(key, len, 0x36, out->inner);
    state_384(key, len, 0x5C, out->outer);
    out->len = 64;
}

void hmac_state_sha256(const uint8_t *key, size_t len, struct hmac_state *out)
{
    state_256(key, len, 0x36, out->inner);
    state_256(key, len, 0x5C, out->outer);
    out->len = 32;
}

void as_sha384_state(const uint8_t *digest, size_t len, uint8_t *out)
{
    for (size_t at = 0; at + 8 <= len; at += 8) {
        uint64_t word = 0;

        for (size_t i = 0; i < 8; i++)
            word = word << 8 | digest[at + i];
        memcpy(out + at, &word, sizeof(word));
    }
}
