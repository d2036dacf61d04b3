/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/wrap_algorithm.h"

#include <assert.h>
#include <openssl/obj_mac.h>

#define GCM_TAG_LEN 16u

/* clang-format off */
#define KW(bits, pad, rfc)                                                                         \
    bits, NID_id_aes##bits##_wrap##pad, ENV_DEK_LEN + 8, ENV_DEK_LEN + 8,                          \
    "AES-" #bits " key wrap (RFC " #rfc ")"
#define GCM(bits)                                                                                  \
    bits, NID_aes_##bits##_gcm, ENV_DEK_LEN + GCM_TAG_LEN, ENV_DEK_LEN + GCM_TAG_LEN,              \
    "AES-" #bits "-GCM"
#define OAEP(bits, words)                                                                          \
    bits, NID_rsaesOaep, ENV_RSA_WRAPPED_MIN, ENV_WRAPPED_MAX, "RSA-OAEP with " words

static const struct env_wrap_algorithm algorithms[] = {
    {ENV_WRAP_AES128_KW, ENV_WRAP_FAMILY_KW, KW(128, , 3394)},
    {ENV_WRAP_AES192_KW, ENV_WRAP_FAMILY_KW, KW(192, , 3394)},
    {ENV_WRAP_AES256_KW, ENV_WRAP_FAMILY_KW, KW(256, , 3394)},
    {ENV_WRAP_AES128_KWP, ENV_WRAP_FAMILY_KWP, KW(128, _pad, 5649)},
    {ENV_WRAP_AES192_KWP, ENV_WRAP_FAMILY_KWP, KW(192, _pad, 5649)},
    {ENV_WRAP_AES256_KWP, ENV_WRAP_FAMILY_KWP, KW(256, _pad, 5649)},
    {ENV_WRAP_AES128_GCM, ENV_WRAP_FAMILY_GCM, GCM(128)},
    {ENV_WRAP_AES192_GCM, ENV_WRAP_FAMILY_GCM, GCM(192)},
    {ENV_WRAP_AES256_GCM, ENV_WRAP_FAMILY_GCM, GCM(256)},
    {ENV_WRAP_RSA_OAEP_SHA1, ENV_WRAP_FAMILY_OAEP, OAEP(160, "SHA-1")},
    {ENV_WRAP_RSA_OAEP_SHA256, ENV_WRAP_FAMILY_OAEP, OAEP(256, "SHA-256")},
};
/* clang-format on */

#define COUNT (sizeof(algorithms) / sizeof(algorithms[0]))
static_assert(COUNT == ENV_WRAP_ALGS - 1, "every algorithm of the enumeration has its row");

const struct env_wrap_algorithm *env_wrap_algorithm_at(size_t i)
{
    return i < COUNT ? &algorithms[i] : NULL;
}

const struct env_wrap_algorithm *env_wrap_algorithm(enum env_wrap_alg alg)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (algorithms[i].alg == alg)
            return &algorithms[i];
    }
    return NULL;
}

const struct env_wrap_algorithm *env_wrap_algorithm_of(enum env_wrap_family family, size_t bits)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (algorithms[i].family == family && algorithms[i].bits == bits)
            return &algorithms[i];
    }
    return NULL;
}

size_t env_wrap_aes_bits(enum env_wrap_alg alg)
{
    const struct env_wrap_algorithm *algorithm = env_wrap_algorithm(alg);

    return algorithm == NULL || algorithm->family == ENV_WRAP_FAMILY_OAEP ? 0 : algorithm->bits;
}
