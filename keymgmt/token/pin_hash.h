/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing a PIN for pin-failure-memory: slow, salted, and different for each token. */
#ifndef ENVELOPE_PIN_HASH_H
#define ENVELOPE_PIN_HASH_H

#include "keymgmt/token/pin.h"

#define ENV_PIN_SALT 16u
#define ENV_PIN_HASH 32u

/*
 * A numeric PIN has few possible values, so no hash protects it well: the protection is that only
 * its user can read the file. The number of rounds is OWASP's recommendation (2023).
 */
#define ENV_PIN_HASH_ROUNDS 600000u
extern unsigned env_pin_hash_rounds; /* a variable so that tests can lower it */
#define ENV_PIN_HASH_WORDS "PBKDF2-HMAC-SHA256 600000"

/* False: there is no memory, or no PBKDF2 with SHA-256 for this propquery. */
bool env_pin_hash(const struct env_pin_sources *sources, const struct env_token *token,
                  const struct env_pin *pin, const uint8_t salt[ENV_PIN_SALT],
                  uint8_t hash[ENV_PIN_HASH]);

/* SHA-256 of the token's name. */
bool env_pin_hash_of_token(const struct env_pin_sources *sources, const struct env_token *token,
                           uint8_t hash[ENV_PIN_HASH]);

#endif
