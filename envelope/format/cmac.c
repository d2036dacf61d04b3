/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/cmac.h"

#include <openssl/crypto.h>
#include <string.h>

#define AT_ONCE 512u /* bytes; whole blocks */

void env_xor_block(uint8_t to[ENV_AES_BLOCK_LEN], const uint8_t with[ENV_AES_BLOCK_LEN])
{
    for (size_t i = 0; i < ENV_AES_BLOCK_LEN; i++)
        to[i] ^= with[i];
}

ENV_RESULT env_cmac_subkey(const struct env_crypto *crypto, struct env_span key,
                           uint8_t subkey[ENV_AES_BLOCK_LEN])
{
    EVP_CIPHER_CTX *cbc = NULL;
    ENV_RESULT r = env_aes_cbc_take(crypto, key, &cbc);

    memset(subkey, 0, ENV_AES_BLOCK_LEN);
    if (env_ok(r))
        r = env_aes_cbc_run(cbc, subkey, ENV_AES_BLOCK_LEN);
    env_aes_cbc_give(crypto, cbc);
    env_aes_double(subkey);
    return r;
}

ENV_RESULT env_cmac_begin(struct env_cmac *cmac, const struct env_crypto *crypto,
                          struct env_span key, const uint8_t subkey[ENV_AES_BLOCK_LEN])
{
    memset(cmac->last, 0, sizeof(cmac->last));
    memcpy(cmac->subkey, subkey, sizeof(cmac->subkey));
    return env_aes_cbc_take(crypto, key, &cmac->cbc);
}

void env_cmac_end(struct env_cmac *cmac, const struct env_crypto *crypto)
{
    env_aes_cbc_give(crypto, cmac->cbc);
    OPENSSL_cleanse(cmac, sizeof(*cmac));
}

/* A text in progress; buffer holds bytes that were not encrypted yet. */
struct blocks {
    size_t len;
    uint8_t bytes[AT_ONCE];
};

/* CBC continues from the previous text, so the first block cancels that out. */
static ENV_RESULT run(struct env_cmac *cmac, struct blocks *blocks, bool *begun)
{
    if (!*begun)
        env_xor_block(blocks->bytes, cmac->last);
    *begun = true;
    ENV_TRY(env_aes_cbc_run(cmac->cbc, blocks->bytes, blocks->len));
    memcpy(cmac->last, blocks->bytes + blocks->len - ENV_AES_BLOCK_LEN, ENV_AES_BLOCK_LEN);
    blocks->len = 0;
    return ENV_OK;
}

/* A full buffer waits for more input: the last block is treated differently. */
static ENV_RESULT feed(struct env_cmac *cmac, struct blocks *blocks, bool *begun,
                       struct env_span piece)
{
    while (piece.len > 0) {
        size_t n = sizeof(blocks->bytes) - blocks->len;

        if (n == 0) {
            ENV_TRY(run(cmac, blocks, begun));
            continue;
        }
        n = piece.len < n ? piece.len : n;
        memcpy(blocks->bytes + blocks->len, piece.data, n);
        blocks->len += n;
        piece = (struct env_span){piece.data + n, piece.len - n};
    }
    return ENV_OK;
}

/* The last block uses one subkey if it is complete, and another if it was padded. */
static void close_text(const struct env_cmac *cmac, struct blocks *blocks)
{
    const size_t over = blocks->len % ENV_AES_BLOCK_LEN;
    uint8_t subkey[ENV_AES_BLOCK_LEN];

    memcpy(subkey, cmac->subkey, sizeof(subkey));
    if (over != 0 || blocks->len == 0) {
        memset(blocks->bytes + blocks->len, 0, ENV_AES_BLOCK_LEN - over);
        blocks->bytes[blocks->len] = 0x80;
        blocks->len += ENV_AES_BLOCK_LEN - over;
        env_aes_double(subkey);
    }
    env_xor_block(blocks->bytes + blocks->len - ENV_AES_BLOCK_LEN, subkey);
    OPENSSL_cleanse(subkey, sizeof(subkey));
}

ENV_RESULT env_cmac_of(struct env_cmac *cmac, const struct env_span *text, size_t count,
                       uint8_t mac[ENV_AES_BLOCK_LEN])
{
    struct blocks blocks;
    bool begun = false;
    size_t most = 0;
    ENV_RESULT r = ENV_OK;

    blocks.len = 0;
    for (size_t i = 0; env_ok(r) && i < count; i++) {
        most += text[i].len;
        r = feed(cmac, &blocks, &begun, text[i]);
    }
    if (env_ok(r)) {
        close_text(cmac, &blocks);
        r = run(cmac, &blocks, &begun);
    }
    if (env_ok(r))
        memcpy(mac, cmac->last, ENV_AES_BLOCK_LEN);
    OPENSSL_cleanse(blocks.bytes,
                    most < AT_ONCE - ENV_AES_BLOCK_LEN ? most + ENV_AES_BLOCK_LEN : AT_ONCE);
    return r;
}
