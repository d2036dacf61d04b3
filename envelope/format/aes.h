/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES beside GCM, for fields: a few blocks, CTR and CBC. Each is fetched when it is first needed,
 * so that a program without fields pays nothing.
 */
#ifndef ENVELOPE_AES_H
#define ENVELOPE_AES_H

#include "envelope/format/crypto.h"

#define ENV_AES_BLOCK_LEN 16u

/*
 * A context of AES-256-GCM for one use, given back (NULL may be) without cipher and key: to free
 * these costs less than to keep them and to put another key in the key's place. NULL: no memory.
 */
EVP_CIPHER_CTX *env_gcm_once_take(const struct env_crypto *crypto);
void env_gcm_once_give(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm);

/* Encrypts whole blocks by themselves (ECB) with AES-256: FIELD_NO_AES, CRYPTO_FAILED. */
ENV_RESULT env_aes_blocks(const struct env_crypto *crypto, const uint8_t key[32], const uint8_t *in,
                          uint8_t *out, size_t len);

/* CTR with a key of 16, 24 or 32 bytes; in may be out, and empty. */
ENV_RESULT env_aes_ctr(const struct env_crypto *crypto, struct env_span key,
                       const uint8_t counter[ENV_AES_BLOCK_LEN], struct env_span in, uint8_t *out);

/*
 * CBC from an IV of zeros, with a key of 16, 24 or 32 bytes, for CMAC. *cbc is given back in any
 * case. FIELD_NO_AES, NO_MEMORY, CRYPTO_FAILED.
 */
ENV_RESULT env_aes_cbc_take(const struct env_crypto *crypto, struct env_span key,
                            EVP_CIPHER_CTX **cbc);
void env_aes_cbc_give(const struct env_crypto *crypto, EVP_CIPHER_CTX *cbc);

/* The next whole blocks, in their place. */
ENV_RESULT env_aes_cbc_run(EVP_CIPHER_CTX *cbc, uint8_t *blocks, size_t len);

/* The next of the subkeys that CMAC and S2V have (doubling in GF(2^128)), without branches. */
void env_aes_double(uint8_t block[ENV_AES_BLOCK_LEN]);

#endif
