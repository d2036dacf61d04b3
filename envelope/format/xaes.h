/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is derived from the first half
 * of a nonce of 24 bytes, so that nonces may be random for as many messages as one likes. The key
 * is derived with AES itself: OpenSSL 3.0's KBKDF passes over the counter's length and gives
 * another key.
 */
#ifndef ENVELOPE_XAES_H
#define ENVELOPE_XAES_H

#include "envelope/format/aes.h"

#define ENV_XAES_KEY_LEN 32u
#define ENV_XAES_NONCE_LEN 24u
#define ENV_XAES_TAG_LEN 16u

/* A key with what is the same in all its uses. Lies in secret memory. */
struct env_xaes_key {
    uint8_t key[ENV_XAES_KEY_LEN];
    uint8_t subkey[ENV_AES_BLOCK_LEN]; /* K1 of CMAC */
};

ENV_RESULT env_xaes_key_set(const struct env_crypto *crypto, const uint8_t key[ENV_XAES_KEY_LEN],
                            struct env_xaes_key *out);

/* Begins a message in a context that is new, or of AES-256-GCM. */
ENV_RESULT env_xaes_begin(const struct env_crypto *crypto, EVP_CIPHER_CTX *gcm,
                          const struct env_xaes_key *key, const uint8_t nonce[ENV_XAES_NONCE_LEN],
                          bool sealing);

/* Associated data, in as many pieces as one likes, before the first of the message. */
ENV_RESULT env_xaes_associate(EVP_CIPHER_CTX *gcm, struct env_span piece);

/* A piece of the message; out has as many bytes. FIELD_TOO_LONG: of one piece. */
ENV_RESULT env_xaes_feed(EVP_CIPHER_CTX *gcm, struct env_span piece, uint8_t *out);

ENV_RESULT env_xaes_seal_end(EVP_CIPHER_CTX *gcm, uint8_t tag[ENV_XAES_TAG_LEN]);

/* FIELD_NOT_AUTHENTIC: what came out must not be used. */
ENV_RESULT env_xaes_open_end(EVP_CIPHER_CTX *gcm, const uint8_t tag[ENV_XAES_TAG_LEN]);

#endif
