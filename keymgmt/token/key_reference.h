/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What messages call a key: its CKA_ID, where that has 1 to 64 bytes. Some keys cannot have one: an
 * RSA key is then called by its public half, and an AES key by the hash of the longer one.
 */
#ifndef ENVELOPE_KEY_REFERENCE_H
#define ENVELOPE_KEY_REFERENCE_H

#include "envelope/format/crypto.h"
#include "envelope/format/fetch_source.h"
#include "envelope/format/wrapped.h"

#define ENV_RSA_REFERENCE_LEN 20u
#define ENV_LONG_REFERENCE_LEN 32u /* of an AES key */

/*
 * The reference of a public half: RFC 5280 4.2.1.2 method 1, SHA-1 of the key's bit string. It is a
 * name; nothing rests on its being hard to make a second key for. False without memory or SHA-1.
 */
bool env_rsa_reference(const struct env_rsa_source *source, struct env_span modulus,
                       struct env_span exponent, struct env_kek_id *id);

/* SHA-256 of a CKA_ID. False without memory or SHA-256. */
bool env_long_id_reference(const struct env_rsa_source *source, struct env_span cka_id,
                           struct env_kek_id *id);

#endif
