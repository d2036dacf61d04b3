/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithms of stock OpenSSL that programs pass keys to, and that the provider can offer under
 * the same names: key-ciphers and key-kdfs select from them, and named keys are made for one of
 * them (envelope/named/uses.c). The table also has what a program asks a cipher for before it has a
 * key; a test compares that with stock OpenSSL.
 *
 * If key-ciphers is set, all of them are the provider's. Those that are not listed take keys like
 * stock OpenSSL, and refuse stand-ins.
 */
#ifndef ENVELOPE_STOCK_NAMES_H
#define ENVELOPE_STOCK_NAMES_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#include "envelope/base/error.h"

#define ENV_STOCK_PBKDF2 "PBKDF2"

enum env_stock_cipher_flags {
    ENV_STOCK_AEAD = 1,
    ENV_STOCK_CTS = 2,
    ENV_STOCK_CUSTOM_IV = 4,
    ENV_STOCK_RANDOM_KEY = 8,
};

/* clang-format off */
/* X(id, name, key, IV and block in bytes, mode, flags) */
#define ENV_STOCK_AES_CIPHERS(X, bits, key)                                                        \
    X(AES_##bits##_ECB, "AES-" #bits "-ECB", key, 0, 16, EVP_CIPH_ECB_MODE, 0)                     \
    X(AES_##bits##_CBC, "AES-" #bits "-CBC", key, 16, 16, EVP_CIPH_CBC_MODE, 0)                    \
    X(AES_##bits##_CTS, "AES-" #bits "-CBC-CTS", key, 16, 16, EVP_CIPH_CBC_MODE, ENV_STOCK_CTS)    \
    X(AES_##bits##_CTR, "AES-" #bits "-CTR", key, 16, 1, EVP_CIPH_CTR_MODE, 0)                     \
    X(AES_##bits##_CFB, "AES-" #bits "-CFB", key, 16, 1, EVP_CIPH_CFB_MODE, 0)                     \
    X(AES_##bits##_CFB1, "AES-" #bits "-CFB1", key, 16, 1, EVP_CIPH_CFB_MODE, 0)                   \
    X(AES_##bits##_CFB8, "AES-" #bits "-CFB8", key, 16, 1, EVP_CIPH_CFB_MODE, 0)                   \
    X(AES_##bits##_OFB, "AES-" #bits "-OFB", key, 16, 1, EVP_CIPH_OFB_MODE, 0)                     \
    X(AES_##bits##_GCM, "AES-" #bits "-GCM", key, 12, 1, EVP_CIPH_GCM_MODE,                        \
      ENV_STOCK_AEAD | ENV_STOCK_CUSTOM_IV)                                                        \
    X(AES_##bits##_CCM, "AES-" #bits "-CCM", key, 12, 1, EVP_CIPH_CCM_MODE,                        \
      ENV_STOCK_AEAD | ENV_STOCK_CUSTOM_IV)                                                        \
    X(AES_##bits##_OCB, "AES-" #bits "-OCB", key, 12, 16, EVP_CIPH_OCB_MODE,                       \
      ENV_STOCK_AEAD | ENV_STOCK_CUSTOM_IV)

#define ENV_STOCK_CBC_CIPHERS(X, family, bits, key)                                                \
    X(family##_##bits##_CBC, #family "-" #bits "-CBC", key, 16, 16, EVP_CIPH_CBC_MODE, 0)

#define ENV_STOCK_CIPHERS(X)                                                                       \
    ENV_STOCK_AES_CIPHERS(X, 128, 16)                                                              \
    ENV_STOCK_AES_CIPHERS(X, 192, 24)                                                              \
    ENV_STOCK_AES_CIPHERS(X, 256, 32)                                                              \
    X(AES_128_XTS, "AES-128-XTS", 32, 16, 1, EVP_CIPH_XTS_MODE, ENV_STOCK_CUSTOM_IV)               \
    X(AES_256_XTS, "AES-256-XTS", 64, 16, 1, EVP_CIPH_XTS_MODE, ENV_STOCK_CUSTOM_IV)               \
    X(CHACHA20, "ChaCha20", 32, 16, 1, EVP_CIPH_STREAM_CIPHER, ENV_STOCK_CUSTOM_IV)                \
    X(CHACHA20_POLY1305, "ChaCha20-Poly1305", 32, 12, 1, EVP_CIPH_STREAM_CIPHER,                   \
      ENV_STOCK_AEAD | ENV_STOCK_CUSTOM_IV)                                                        \
    X(DES_EDE3_CBC, "DES-EDE3-CBC", 24, 8, 8, EVP_CIPH_CBC_MODE, ENV_STOCK_RANDOM_KEY)             \
    ENV_STOCK_CBC_CIPHERS(X, ARIA, 128, 16)                                                        \
    ENV_STOCK_CBC_CIPHERS(X, ARIA, 192, 24)                                                        \
    ENV_STOCK_CBC_CIPHERS(X, ARIA, 256, 32)                                                        \
    ENV_STOCK_CBC_CIPHERS(X, CAMELLIA, 128, 16)                                                    \
    ENV_STOCK_CBC_CIPHERS(X, CAMELLIA, 192, 24)                                                    \
    ENV_STOCK_CBC_CIPHERS(X, CAMELLIA, 256, 32)
/* clang-format on */

enum env_stock_id {
#define ENV_STOCK_ID(id, name, key, iv, block, mode, flags) ENV_STOCK_##id,
    ENV_STOCK_CIPHERS(ENV_STOCK_ID)
#undef ENV_STOCK_ID
        ENV_STOCK_CIPHER_COUNT
};

struct env_stock_cipher {
    const char *name;
    size_t name_len;
    size_t key_len;
    size_t iv_len;
    size_t block;
    unsigned mode;
    unsigned flags;
};

/* Indexed by id. */
extern const struct env_stock_cipher env_stock_ciphers[ENV_STOCK_CIPHER_COUNT];

/* What one program needs, by its name: ciphers separated by spaces, and possibly PBKDF2. */
struct env_stock_set {
    const char *name;
    const char *members;
    bool by_length; /* a key is only for those ciphers that take its length */
};

#define ENV_STOCK_SET_COUNT 7
extern const struct env_stock_set env_stock_sets[ENV_STOCK_SET_COUNT];

/* The one with this name, in upper or lower case; ENV_STOCK_CIPHER_COUNT: none. */
size_t env_stock_cipher_named(const char *name, size_t len);

/*
 * Marks the ciphers in a list of the form of key-ciphers: words separated by spaces, each the name
 * of a cipher or of a set (mariadb). NULL: an empty list. Unknown words are ignored.
 */
void env_stock_list(const char *list, bool listed[ENV_STOCK_CIPHER_COUNT]);

/* Whether the list, of the form of key-kdfs, names PBKDF2. */
bool env_stock_list_has_pbkdf2(const char *list);

/* Fails with CONFIG_VALUE and the number of the wrong word: values are not repeated. */
ENV_RESULT env_stock_judge_ciphers(const char *list, const struct env_errors *errors);
ENV_RESULT env_stock_judge_kdfs(const char *list, const struct env_errors *errors);

#endif
