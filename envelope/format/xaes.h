/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a key derived from the first half of a
 * 24-byte nonce, so that nonces may be random for any number of messages. The key is derived with
 * AES directly: OpenSSL 3.0's KBKDF ignores the counter's length and gives another key.
 */
#ifndef ENVELOPE_XAES_H
#define ENVELOPE_XAES_H

#include "envelope/format/aes.h"

#define ENV_XAES_KEY_LEN 32u
#define ENV_XAES_NONCE_LEN 24u
#define ENV_XAES_TAG_LEN 16u

/* A key with everything that is the same in all its uses. Lives in secret memory. */
struct env_xaes_key {
    uint8_t key[ENV_XAES_KEY_LEN];
    uint8_t subkey[ENV_AES_BLOCK_LEN]; /* K1 of CMAC */
};

ENV_RESULT env_xaes_key_set(const struct env_crypto *crypto, const uint8_t key[ENV_XAES_KEY_LEN],
                            struct env_xaes_key *out);

/* Begins a message in a context that is new, or was used for AES-256-GCM. */
ENV_RESULT env_xaes_begin(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm,
                          const struct env_xaes_key *key, const uint8_t nonce[ENV_XAES_NONCE_LEN],
                          bool sealing);

/* Associated data, in any number of pieces, before the first piece of the message. */
ENV_RESULT env_xaes_associate(EVP_CIPHER_CTX *gcm, struct env_span piece);

/*
 * A piece of the message; out must have room for as many bytes. Fails with FIELD_TOO_LONG if a
 * piece is too long.
 */
ENV_RESULT env_xaes_feed(EVP_CIPHER_CTX *gcm, struct env_span piece, uint8_t *out);

ENV_RESULT env_xaes_seal_end(EVP_CIPHER_CTX *gcm, uint8_t tag[ENV_XAES_TAG_LEN]);

/* FIELD_NOT_AUTHENTIC: the output must not be used. */
ENV_RESULT env_xaes_open_end(EVP_CIPHER_CTX *gcm, const uint8_t tag[ENV_XAES_TAG_LEN]);

#endif
