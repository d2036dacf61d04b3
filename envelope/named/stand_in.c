/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/stand_in.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "envelope/format/random.h"

#define PREFIX_LEN (sizeof(ENV_STAND_IN_PREFIX) - 1)

static const char prefix[] = ENV_STAND_IN_PREFIX;
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t env_stand_in_length(env_uses uses, size_t key_len)
{
    for (unsigned i = 0; env_use(i) != NULL; i++) {
        if ((uses & ENV_USE_BIT(i)) != 0 && env_use(i)->kind == ENV_USE_KDF)
            return ENV_STAND_IN_KDF_LEN;
    }
    if (key_len < ENV_STAND_IN_MIN)
        return ENV_STAND_IN_MIN;
    return key_len < ENV_STAND_IN_MAX ? key_len : ENV_STAND_IN_MAX;
}

ENV_RESULT env_stand_in_make(const struct env_crypto *crypto, size_t length,
                             char out[ENV_STAND_IN_MAX + 1])
{
    uint8_t *bytes = (uint8_t *)out;

    if (length < ENV_STAND_IN_MIN || length > ENV_STAND_IN_MAX)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(env_random_private(crypto, bytes, length));
    /* 64 characters: each byte gives one, and all are equally likely */
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(i < PREFIX_LEN ? prefix[i] : alphabet[bytes[i] % 64]);
    out[length] = '\0';
    return ENV_OK;
}

static bool is_base64url(uint8_t c)
{
    static const uint64_t set[4] = {UINT64_C(0x03FF200000000000), /* - and 0 to 9 */
                                    UINT64_C(0x07FFFFFE87FFFFFE), /* A to Z, _ and a to z */
                                    0, 0};

    return (set[c >> 6] >> (c & 63) & 1) != 0;
}

bool env_stand_in_is(struct env_span bytes, size_t *length)
{
    size_t len = PREFIX_LEN;

    /* without the prefix it is not a secret of ours; most keys leave here */
    if (bytes.len < ENV_STAND_IN_MIN || memcmp(bytes.data, ENV_STAND_IN_PREFIX, PREFIX_LEN) != 0)
        return false;
    while (len < bytes.len && is_base64url(bytes.data[len]))
        len++;
    if (len < ENV_STAND_IN_MIN || len > ENV_STAND_IN_MAX)
        return false;
    for (size_t i = len; i < bytes.len; i++) {
        if (bytes.data[i] != 0)
            return false;
    }
    *length = len;
    return true;
}

bool env_stand_in_is_password(struct env_span bytes)
{
    size_t length = 0;

    return bytes.len == ENV_STAND_IN_KDF_LEN && env_stand_in_is(bytes, &length) &&
           length == bytes.len;
}

ENV_RESULT env_stand_in_hash(const struct env_crypto *crypto, struct env_span stand_in,
                             uint8_t hash[ENV_STAND_IN_HASH_LEN])
{
    return env_sha256(crypto, stand_in, hash);
}

size_t env_stand_in_find(const struct env_named_sealed *sealed,
                         const uint8_t hash[ENV_STAND_IN_HASH_LEN])
{
    size_t found = ENV_NAMED_STAND_INS_MAX;

    for (size_t i = 0; i < sealed->stand_in_count; i++) {
        if (CRYPTO_memcmp(sealed->hashes[i], hash, ENV_STAND_IN_HASH_LEN) == 0)
            found = i;
    }
    return found;
}
