/* SPDX-License-Identifier: Apache-2.0 */
/* A PIN's hash for pin-failure-memory: slow, salted, and another one for each token. */
#ifndef ENVELOPE_PIN_HASH_H
#define ENVELOPE_PIN_HASH_H

#include "keymgmt/token/pin.h"

#define ENV_PIN_SALT 16u
#define ENV_PIN_HASH 32u

/*
 * A PIN of digits has few values whatever hashes it: what makes it hard to learn is that only its
 * user may read the file. The rounds are those that OWASP recommends (2023).
 */
#define ENV_PIN_HASH_ROUNDS 600000u
extern unsigned env_pin_hash_rounds; /* tests have less to wait for */
#define ENV_PIN_HASH_WORDS "PBKDF2-HMAC-SHA256 600000"

/* False: libcrypto has no PBKDF2 with SHA-256 where propquery looks, or no memory. */
bool env_pin_hash(const struct env_pin_sources *sources, const struct env_token *token,
                  const struct env_pin *pin, const uint8_t salt[ENV_PIN_SALT],
                  uint8_t hash[ENV_PIN_HASH]);

/* SHA-256 of its name. */
bool env_pin_hash_of_token(const struct env_pin_sources *sources, const struct env_token *token,
                           uint8_t hash[ENV_PIN_HASH]);

#endif
