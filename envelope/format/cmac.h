/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CMAC (RFC 4493, SP 800-38B) of several texts under one key, by libcrypto's AES in CBC. EVP_MAC
 * sets a key again for each text, and once more to remove it from what is kept: for the two texts
 * of a short field that is two thirds of the time. Restarting with the key already set would be as
 * quick, but only while the key stays in libcrypto's memory.
 */
#ifndef ENVELOPE_CMAC_H
#define ENVELOPE_CMAC_H

#include "envelope/format/aes.h"

struct env_cmac {
    EVP_CIPHER_CTX *cbc; /* with the key, of one use */
    uint8_t subkey[ENV_AES_BLOCK_LEN];
    uint8_t last[ENV_AES_BLOCK_LEN]; /* the block that CBC will join to the next one */
};

/* What CMAC derives from a key, the same for all texts. A secret. FIELD_NO_AES, CRYPTO_FAILED. */
ENV_RESULT env_cmac_subkey(const struct env_crypto *crypto, struct env_span key,
                           uint8_t subkey[ENV_AES_BLOCK_LEN]);

/* A key of 16, 24 or 32 bytes. Ended in any case, by the same thread. */
ENV_RESULT env_cmac_begin(struct env_cmac *cmac, const struct env_crypto *crypto,
                          struct env_span key, const uint8_t subkey[ENV_AES_BLOCK_LEN]);
void env_cmac_end(struct env_cmac *cmac, const struct env_crypto *crypto);

/* What S2V joins blocks by, as CMAC does. */
void env_xor_block(uint8_t to[ENV_AES_BLOCK_LEN], const uint8_t with[ENV_AES_BLOCK_LEN]);

/* The CMAC of the spans, one behind the other. */
ENV_RESULT env_cmac_of(struct env_cmac *cmac, const struct env_span *text, size_t count,
                       uint8_t mac[ENV_AES_BLOCK_LEN]);

#endif
