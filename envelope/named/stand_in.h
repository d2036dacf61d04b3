/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stand-ins: "key:" and random characters of base64url, which a program's configuration has in
 * place of the key. They are stored nowhere; the key file only has their SHA-256.
 */
#ifndef ENVELOPE_STAND_IN_H
#define ENVELOPE_STAND_IN_H

#include "envelope/base/error.h"
#include "envelope/named/uses.h"

#define ENV_STAND_IN_PREFIX "key:"
#define ENV_STAND_IN_MIN 16u /* including the prefix */
#define ENV_STAND_IN_MAX 64u
#define ENV_STAND_IN_KDF_LEN 32u
#define ENV_STAND_IN_SHORT 24u /* with fewer bytes it is easier to guess */

/* The length of a stand-in for this key: as long as the key, or 32 bytes if a KDF takes it. */
size_t env_stand_in_length(env_uses uses, size_t key_len);

/* Draws one of this length; out must be in secret memory, with room for a NUL as well. */
ENV_RESULT env_stand_in_make(const struct env_crypto *crypto, size_t length,
                             char out[ENV_STAND_IN_MAX + 1]);

/*
 * Whether bytes have exactly this form: the prefix and 12 to 60 characters, followed by nothing but
 * NULs. *length is without the NULs. A cipher's key bytes have this form.
 */
bool env_stand_in_is(struct env_span bytes, size_t *length);

/* The same for a KDF's password, which has 32 bytes and no NULs. */
bool env_stand_in_is_password(struct env_span bytes);

/* SHA-256 of a stand-in, without its NULs. */
ENV_RESULT env_stand_in_hash(const struct env_crypto *crypto, struct env_span stand_in,
                             uint8_t hash[ENV_STAND_IN_HASH_LEN]);

/*
 * The number of the sealed stand-in with this hash, or ENV_NAMED_STAND_INS_MAX if there is none.
 * Compares all of them in constant time.
 */
size_t env_stand_in_find(const struct env_named_sealed *sealed,
                         const uint8_t hash[ENV_STAND_IN_HASH_LEN]);

#endif
