/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key behind an EVP_PKEY of type ENVELOPE-KEK: a KEK in a token and what is known about it. It
 * never changes, so a duplicate is one more reference. The operations with it:
 *
 *   EVP_PKEY_keygen                 kek_gen.c          makes one in a token
 *   EVP_PKEY_get_params, eq, ...    kek_keymgmt.c      from memory
 *   writing and reading references  kek_encoder.c, kek_decoder.c
 *   OSSL_STORE                      kek_store.c        lists and loads them
 *   EVP_PKEY_encapsulate            kek_kem.c          sealed keys
 *   EVP_PKEY_encrypt                kek_asym_cipher.c  whole messages
 */
#ifndef ENVELOPE_KEK_KEY_H
#define ENVELOPE_KEK_KEY_H

#include "provider/common/provctx.h"

#define ENV_KEK_KEY_TYPE "ENVELOPE-KEK"
#define ENV_KEK_STRUCTURE "envelope-kek" /* of the DER of a reference */

/*
 * The most that EVP_PKEY_encrypt accepts, and the most that it outputs (headers and 17 segments).
 */
#define ENV_KEK_PLAIN_MAX 65536u
#define ENV_KEK_SEALED_MAX (ENV_KEK_PLAIN_MAX + 4064u + 17u * 32u)

struct env_key {
    atomic_uint refs;
    struct env_provctx *provctx;
    struct env_kek *kek; /* NULL in a key that libcrypto made and did not fill yet */
    struct env_kek_info info;
};

/*
 * Takes over the caller's reference to kek (which may be NULL), even on failure. Fails with
 * NO_MEMORY.
 */
ENV_RESULT env_key_new(struct env_provctx *provctx, struct env_kek *kek, struct env_key **out);
struct env_key *env_key_up_ref(struct env_key *key);
void env_key_free(struct env_key *key);

/*
 * Passes the key to libcrypto as an object (OSSL_OBJECT_PKEY or OSSL_OBJECT_SKEY) from a decoder or
 * a store. libcrypto passes the reference to env_key_load, and the loader then owns the key.
 * Returns what the callback returned.
 */
int env_key_hand_over(struct env_key *key, int object_type, OSSL_CALLBACK *object_cb,
                      void *object_arg);
struct env_key *env_key_load(const void *reference, size_t reference_len);

/* The public half of an RSA KEK, freed with OSSL_PARAM_free; NULL: no memory. */
OSSL_PARAM *env_key_public_params(const struct env_key *key);

#endif
