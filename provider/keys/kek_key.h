/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind an EVP_PKEY of type ENVELOPE-KEK: a KEK in a token and what is known of it. It
 * never changes, so that a duplicate is one more reference. And the operations with it:
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
#define ENV_KEK_STRUCTURE "envelope-kek" /* of the DER value that refers to one */

/* Most that EVP_PKEY_encrypt takes, and most that comes of it (headers and 17 segments). */
#define ENV_KEK_PLAIN_MAX 65536u
#define ENV_KEK_SEALED_MAX (ENV_KEK_PLAIN_MAX + 4064u + 17u * 32u)

struct env_key {
    atomic_uint refs;
    struct env_provctx *provctx;
    struct env_kek *kek; /* NULL in a key that libcrypto has made and not filled */
    struct env_kek_facts facts;
};

/* Takes over the caller's reference of kek (which may be NULL), also when there is no memory. */
struct env_key *env_key_new(struct env_provctx *provctx, struct env_kek *kek);
struct env_key *env_key_up_ref(struct env_key *key);
void env_key_free(struct env_key *key);

/*
 * Hands the key over to libcrypto as an object (OSSL_OBJECT_PKEY or OSSL_OBJECT_SKEY) of a decoder
 * or a store: env_key_load, called with the reference, makes it the loader's. 1 or 0 as the
 * callback said.
 */
int env_key_hand_over(struct env_key *key, int object_type, OSSL_CALLBACK *object_cb,
                      void *object_arg);
struct env_key *env_key_load(const void *reference, size_t reference_len);

/* An RSA KEK's public half as parameters, freed with OSSL_PARAM_free; NULL: no memory. */
OSSL_PARAM *env_key_public_params(const struct env_key *key);

extern const OSSL_DISPATCH env_kek_keymgmt_functions[];

#endif
