/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What aes.c has fetched: each algorithm once it was first needed, NULL before. crypto.c owns it.
 */
#ifndef ENVELOPE_AES_FETCHED_H
#define ENVELOPE_AES_FETCHED_H

#include <openssl/evp.h>
#include <stdatomic.h>

enum env_aes_cipher {
    ENV_AES_256_ECB,
    ENV_AES_128_CTR,
    ENV_AES_192_CTR,
    ENV_AES_256_CTR,
    ENV_AES_128_CBC,
    ENV_AES_192_CBC,
    ENV_AES_256_CBC,
    ENV_AES_CIPHERS
};

struct env_aes_fetched {
    _Atomic(EVP_CIPHER *) ciphers[ENV_AES_CIPHERS];
};

#endif
