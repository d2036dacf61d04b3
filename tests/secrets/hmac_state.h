/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an HMAC context has of its key: the hash's state after the block that the key makes, inner
 * and outer. Whoever has these two needs no key. As they lie in libcrypto's memory.
 */
#ifndef ENVELOPE_TESTS_HMAC_STATE_H
#define ENVELOPE_TESTS_HMAC_STATE_H

#include <stddef.h>
#include <stdint.h>

struct hmac_state {
    uint8_t inner[64];
    uint8_t outer[64];
    size_t len; /* of each */
};

void hmac_state_sha384(const uint8_t *key, size_t len, struct hmac_state *out);
void hmac_state_sha256(const uint8_t *key, size_t len, struct hmac_state *out);

/* Bytes as a state of SHA-384 has them when they are its digest: words of the processor. */
void as_sha384_state(const uint8_t *digest, size_t len, uint8_t *out);

#endif
