/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stand-ins: "key:" and random characters of base64url, which stand in a program's configuration
 * where the key was. They are stored nowhere, but for their SHA-256 in the key file.
 */
#ifndef ENVELOPE_STAND_IN_H
#define ENVELOPE_STAND_IN_H

#include "envelope/base/error.h"
#include "envelope/named/uses.h"

#define ENV_STAND_IN_PREFIX "key:"
#define ENV_STAND_IN_MIN 16u /* with the prefix */
#define ENV_STAND_IN_MAX 64u
#define ENV_STAND_IN_KDF_LEN 32u
#define ENV_STAND_IN_SHORT 24u /* fewer bytes are guessed more easily */

/* How long one is for such a key: as long as the key, and 32 bytes where a KDF takes it. */
size_t env_stand_in_length(env_uses uses, size_t key_len);

/* Draws one of that length; out lies in secret memory and has room for a NUL as well. */
ENV_RESULT env_stand_in_make(const struct env_crypto *crypto, size_t length,
                             char out[ENV_STAND_IN_MAX + 1]);

/*
 * Whether bytes have exactly that form: the prefix and 12 to 60 characters, and nothing but NULs
 * behind them. *length is without the NULs. So may key bytes of a cipher be marked.
 */
bool env_stand_in_is(struct env_span bytes, size_t *length);

/* The same of a KDF's password: of 32 bytes, and no NULs. */
bool env_stand_in_is_password(struct env_span bytes);

/* SHA-256 of one, without its NULs. */
ENV_RESULT env_stand_in_hash(const struct env_crypto *crypto, struct env_span stand_in,
                             uint8_t hash[ENV_STAND_IN_HASH_LEN]);

/*
 * The number of the sealed stand-in that has this hash, ENV_NAMED_STAND_INS_MAX if there is none.
 * All of them are compared, in constant time.
 */
size_t env_stand_in_find(const struct env_named_sealed *sealed,
                         const uint8_t hash[ENV_STAND_IN_HASH_LEN]);

#endif
