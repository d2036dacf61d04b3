/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CMAC (RFC 4493, SP 800-38B) of several texts under one key, with libcrypto's AES in CBC. EVP_MAC
 * sets the key again for each text, and once more to remove it from the cached context: for the two
 * texts of a short field that is two thirds of the time. Restarting with the same key would be as
 * fast, but only while the key stays in libcrypto's memory.
 */
#ifndef ENVELOPE_CMAC_H
#define ENVELOPE_CMAC_H

#include "envelope/format/aes.h"

struct env_cmac {
    EVP_CIPHER_CTX *cbc; /* with the key, for one use */
    uint8_t subkey[ENV_AES_BLOCK_LEN];
    uint8_t last[ENV_AES_BLOCK_LEN]; /* the block that CBC will combine with the next one */
};

/*
 * What CMAC derives from a key, which is the same for all texts. It is secret. Fails with
 * FIELD_NO_AES or CRYPTO_FAILED.
 */
ENV_RESULT env_cmac_subkey(const struct env_crypto *crypto, struct env_span key,
                           uint8_t subkey[ENV_AES_BLOCK_LEN]);

/* For a key of 16, 24 or 32 bytes. Must be ended in any case, by the same thread. */
ENV_RESULT env_cmac_begin(struct env_cmac *cmac, const struct env_crypto *crypto,
                          struct env_span key, const uint8_t subkey[ENV_AES_BLOCK_LEN]);
void env_cmac_end(struct env_cmac *cmac, const struct env_crypto *crypto);

/* XORs blocks, for CMAC and S2V. */
void env_xor_block(uint8_t to[ENV_AES_BLOCK_LEN], const uint8_t with[ENV_AES_BLOCK_LEN]);

/* The CMAC of the concatenation of the spans. */
ENV_RESULT env_cmac_of(struct env_cmac *cmac, const struct env_span *text, size_t count,
                       uint8_t mac[ENV_AES_BLOCK_LEN]);

#endif
