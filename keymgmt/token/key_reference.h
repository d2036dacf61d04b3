/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a key in messages: its CKA_ID, if that has 1 to 64 bytes. Some keys cannot have such
 * an id. An RSA key is then named by its public half, and an AES key by a hash of its longer id.
 */
#ifndef ENVELOPE_KEY_REFERENCE_H
#define ENVELOPE_KEY_REFERENCE_H

#include "envelope/format/crypto.h"
#include "envelope/format/fetch_source.h"
#include "envelope/format/wrapped.h"

#define ENV_RSA_REFERENCE_LEN 20u
#define ENV_LONG_REFERENCE_LEN 32u /* of an AES key */

/*
 * The reference of a public half: RFC 5280 4.2.1.2 method 1, SHA-1 of the key's bit string. It is
 * only a name; security does not depend on collision resistance. False without memory or SHA-1.
 */
bool env_rsa_reference(const struct env_rsa_source *source, struct env_span modulus,
                       struct env_span exponent, struct env_kek_id *id);

/* SHA-256 of a CKA_ID. False without memory or SHA-256. */
bool env_long_id_reference(const struct env_rsa_source *source, struct env_span cka_id,
                           struct env_kek_id *id);

#endif
