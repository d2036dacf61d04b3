/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES in other modes than GCM, for fields: a few blocks, CTR and CBC. Each is fetched when it is
 * first needed, so that a program without fields pays nothing.
 */
#ifndef ENVELOPE_AES_H
#define ENVELOPE_AES_H

#include "envelope/format/crypto.h"

#define ENV_AES_BLOCK_LEN 16u

/*
 * A context of AES-256-GCM for one use; give back accepts NULL. It is given back without cipher and
 * key: freeing these costs less than keeping them and replacing the key. NULL: no memory.
 */
EVP_CIPHER_CTX *env_gcm_once_take(const struct env_crypto *crypto);
void env_gcm_once_give(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm);

/* Encrypts separate whole blocks (ECB) with AES-256. Fails with FIELD_NO_AES or CRYPTO_FAILED. */
ENV_RESULT env_aes_blocks(const struct env_crypto *crypto, const uint8_t key[32], const uint8_t *in,
                          uint8_t *out, size_t len);

/* CTR with a key of 16, 24 or 32 bytes; out may be in, and the input may be empty. */
ENV_RESULT env_aes_ctr(const struct env_crypto *crypto, struct env_span key,
                       const uint8_t counter[ENV_AES_BLOCK_LEN], struct env_span in, uint8_t *out);

/*
 * CBC with an IV of zeros and a key of 16, 24 or 32 bytes, for CMAC. *cbc must be given back in any
 * case. Fails with FIELD_NO_AES, NO_MEMORY or CRYPTO_FAILED.
 */
ENV_RESULT env_aes_cbc_take(const struct env_crypto *crypto, struct env_span key,
                            EVP_CIPHER_CTX **cbc);
void env_aes_cbc_give(const struct env_crypto *crypto, EVP_CIPHER_CTX *cbc);

/* Encrypts the next whole blocks in place. */
ENV_RESULT env_aes_cbc_run(EVP_CIPHER_CTX *cbc, uint8_t *blocks, size_t len);

/* The next subkey in CMAC and S2V (doubling in GF(2^128)), without branches. */
void env_aes_double(uint8_t block[ENV_AES_BLOCK_LEN]);

#endif
