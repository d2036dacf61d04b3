/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/xaes.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <string.h>

#define HALF 12u /* of the nonce: one for the key, one for GCM */

ENV_RESULT env_xaes_key_set(const struct env_crypto *crypto, const uint8_t key[ENV_XAES_KEY_LEN],
                            struct env_xaes_key *out)
{
    static const uint8_t zero[ENV_AES_BLOCK_LEN];

    memcpy(out->key, key, sizeof(out->key));
    ENV_TRY(env_aes_blocks(crypto, key, zero, out->subkey, sizeof(out->subkey)));
    env_aes_double(out->subkey);
    return ENV_OK;
}

/* Two blocks of input to CMAC: a counter, the label "X", a zero byte, the context. */
static ENV_RESULT derive(const struct env_crypto *crypto, const struct env_xaes_key *key,
                         const uint8_t nonce[ENV_XAES_NONCE_LEN], uint8_t out[ENV_XAES_KEY_LEN])
{
    uint8_t blocks[2 * ENV_AES_BLOCK_LEN] = {0, 1, 'X'};
    uint8_t *second = blocks + ENV_AES_BLOCK_LEN;
    ENV_RESULT r;

    memcpy(blocks + ENV_AES_BLOCK_LEN - HALF, nonce, HALF);
    for (size_t i = 0; i < ENV_AES_BLOCK_LEN; i++)
        blocks[i] ^= key->subkey[i];
    memcpy(second, blocks, ENV_AES_BLOCK_LEN);
    second[1] ^= 1 ^ 2; /* only the counter differs */
    r = env_aes_blocks(crypto, key->key, blocks, out, sizeof(blocks));
    OPENSSL_cleanse(blocks, sizeof(blocks));
    return r;
}

ENV_RESULT env_xaes_begin(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm,
                          const struct env_xaes_key *key, const uint8_t nonce[ENV_XAES_NONCE_LEN],
                          bool sealing)
{
    uint8_t derived[ENV_XAES_KEY_LEN];
    ENV_RESULT r = derive(crypto, key, nonce, derived);

    if (env_ok(r))
        r = env_gcm_init(crypto, gcm, derived, nonce + HALF, sealing, NULL);
    OPENSSL_cleanse(derived, sizeof(derived));
    return r;
}

ENV_RESULT env_xaes_associate(EVP_CIPHER_CTX *gcm, struct env_span piece)
{
    int n = 0;

    if (piece.len == 0)
        return ENV_OK;
    return piece.len <= INT_MAX && EVP_CipherUpdate(gcm, NULL, &n, piece.data, (int)piece.len) == 1
               ? ENV_OK
               : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

ENV_RESULT env_xaes_feed(EVP_CIPHER_CTX *gcm, struct env_span piece, uint8_t *out)
{
    int n = 0;

    if (piece.len == 0)
        return ENV_OK;
    if (piece.len > INT_MAX)
        return ENV_FAIL(ENV_R_FIELD_TOO_LONG);
    return EVP_CipherUpdate(gcm, out, &n, piece.data, (int)piece.len) == 1 && n >= 0 &&
                   (size_t)n == piece.len
               ? ENV_OK
               : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

ENV_RESULT env_xaes_seal_end(EVP_CIPHER_CTX *gcm, uint8_t tag[ENV_XAES_TAG_LEN])
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, ENV_XAES_TAG_LEN),
        OSSL_PARAM_END,
    };
    int n = 0;

    return EVP_EncryptFinal_ex(gcm, tag, &n) == 1 && n == 0 &&
                   EVP_CIPHER_CTX_get_params(gcm, params) == 1
               ? ENV_OK
               : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

ENV_RESULT env_xaes_open_end(EVP_CIPHER_CTX *gcm, const uint8_t tag[ENV_XAES_TAG_LEN])
{
    uint8_t expected[ENV_XAES_TAG_LEN];
    const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, expected, ENV_XAES_TAG_LEN),
        OSSL_PARAM_END,
    };
    int n = 0;

    memcpy(expected, tag, sizeof(expected));
    if (EVP_CIPHER_CTX_set_params(gcm, params) != 1)
        return ENV_FAIL(ENV_R_CRYPTO_FAILED);
    return EVP_DecryptFinal_ex(gcm, expected, &n) == 1 ? ENV_OK
                                                       : ENV_FAIL(ENV_R_FIELD_NOT_AUTHENTIC);
}
