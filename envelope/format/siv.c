/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/siv.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/format/cmac.h"

static struct env_span mac_key(const struct env_siv_key *key)
{
    return (struct env_span){key->bytes, key->len / 2};
}

static struct env_span ctr_key(const struct env_siv_key *key)
{
    return (struct env_span){key->bytes + key->len / 2, key->len / 2};
}

ENV_RESULT env_siv_key_set(const struct env_crypto *crypto, struct env_span key,
                           struct env_siv_key *out)
{
    static const uint8_t zero[ENV_AES_BLOCK_LEN];
    const struct env_span block = {zero, sizeof(zero)};
    struct env_cmac cmac;
    ENV_RESULT r;

    if (key.len != 32 && key.len != 48 && key.len != 64)
        return ENV_FAIL(ENV_R_INTERNAL);
    out->len = key.len;
    memcpy(out->bytes, key.data, key.len);
    ENV_TRY(env_cmac_subkey(crypto, mac_key(out), out->subkey));
    r = env_cmac_begin(&cmac, crypto, mac_key(out), out->subkey);
    if (env_ok(r))
        r = env_cmac_of(&cmac, &block, 1, out->zero);
    env_cmac_end(&cmac, crypto);
    return r;
}

/* The last string of S2V: its end is XORed, or it is padded to a block. */
static ENV_RESULT mac_of_plain(struct env_cmac *cmac, uint8_t d[ENV_AES_BLOCK_LEN],
                               struct env_span plain, uint8_t siv[ENV_SIV_LEN])
{
    uint8_t block[ENV_AES_BLOCK_LEN] = {0};
    struct env_span text[2] = {{plain.data, 0}, {block, sizeof(block)}};
    ENV_RESULT r;

    if (plain.len >= ENV_AES_BLOCK_LEN) {
        text[0].len = plain.len - ENV_AES_BLOCK_LEN;
        memcpy(block, plain.data + text[0].len, sizeof(block));
    } else {
        if (plain.len > 0)
            memcpy(block, plain.data, plain.len);
        block[plain.len] = 0x80;
        env_aes_double(d);
    }
    env_xor_block(block, d);
    r = env_cmac_of(cmac, text, 2, siv);
    OPENSSL_cleanse(block, sizeof(block));
    return r;
}

static ENV_RESULT s2v(const struct env_crypto *crypto, const struct env_siv_key *key,
                      const struct env_siv_component *components, size_t count,
                      struct env_span plain, uint8_t siv[ENV_SIV_LEN])
{
    uint8_t d[ENV_AES_BLOCK_LEN];
    uint8_t mac[ENV_AES_BLOCK_LEN];
    struct env_cmac cmac;
    ENV_RESULT r;

    if (count > ENV_SIV_COMPONENTS_MAX)
        return ENV_FAIL(ENV_R_INTERNAL);
    r = env_cmac_begin(&cmac, crypto, mac_key(key), key->subkey);
    memcpy(d, key->zero, sizeof(d));
    for (size_t i = 0; env_ok(r) && i < count; i++) {
        env_aes_double(d);
        r = env_cmac_of(&cmac, components[i].pieces, components[i].count, mac);
        if (env_ok(r))
            env_xor_block(d, mac);
    }
    if (env_ok(r))
        r = mac_of_plain(&cmac, d, plain, siv);
    env_cmac_end(&cmac, crypto);
    OPENSSL_cleanse(d, sizeof(d));
    OPENSSL_cleanse(mac, sizeof(mac));
    return r;
}

static ENV_RESULT crypt(const struct env_crypto *crypto, const struct env_siv_key *key,
                        const uint8_t siv[ENV_SIV_LEN], struct env_span in, uint8_t *out)
{
    uint8_t counter[ENV_AES_BLOCK_LEN];

    memcpy(counter, siv, sizeof(counter));
    counter[8] &= 0x7f;
    counter[12] &= 0x7f;
    return env_aes_ctr(crypto, ctr_key(key), counter, in, out);
}

ENV_RESULT env_siv_seal(const struct env_crypto *crypto, const struct env_siv_key *key,
                        const struct env_siv_component *components, size_t count,
                        struct env_span plain, uint8_t siv[ENV_SIV_LEN], uint8_t *out)
{
    ENV_TRY(s2v(crypto, key, components, count, plain, siv));
    return crypt(crypto, key, siv, plain, out);
}

ENV_RESULT env_siv_open(const struct env_crypto *crypto, const struct env_siv_key *key,
                        const struct env_siv_component *components, size_t count,
                        const uint8_t siv[ENV_SIV_LEN], struct env_span ciphertext, uint8_t *out)
{
    uint8_t expected[ENV_SIV_LEN] = {0};
    ENV_RESULT r = crypt(crypto, key, siv, ciphertext, out);

    if (env_ok(r))
        r = s2v(crypto, key, components, count, (struct env_span){out, ciphertext.len}, expected);
    if (env_ok(r) && CRYPTO_memcmp(expected, siv, sizeof(expected)) != 0)
        r = ENV_FAIL(ENV_R_FIELD_NOT_AUTHENTIC);
    if (!env_ok(r))
        OPENSSL_cleanse(out, ciphertext.len);
    OPENSSL_cleanse(expected, sizeof(expected));
    return r;
}
