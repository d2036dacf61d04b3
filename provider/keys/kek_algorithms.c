/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_algorithms.h"

#include <openssl/core_dispatch.h>

#include "provider/algorithms.h"
#include "provider/keys/kek_asym_cipher.h"
#include "provider/keys/kek_decoder.h"
#include "provider/keys/kek_encoder.h"
#include "provider/keys/kek_kem.h"
#include "provider/keys/kek_key.h"
#include "provider/keys/kek_skeymgmt.h"
#include "provider/keys/kek_store.h"

static const OSSL_ALGORITHM keymgmts[] = {
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES, env_kek_keymgmt_functions, "KEK in a PKCS#11 token"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM skeymgmts[] = {
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES, env_kek_skeymgmt_functions, "KEK in a PKCS#11 token"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM kems[] = {
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES, env_kek_kem_functions, "Fresh keys and their sealed form"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM asym_ciphers[] = {
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES, env_kek_asym_cipher_functions, "Messages of up to 64 KiB"},
    {NULL, NULL, NULL, NULL},
};

#define PRIVATE ",structure=PrivateKeyInfo"
#define PUBLIC ",structure=SubjectPublicKeyInfo"

static const OSSL_ALGORITHM encoders[] = {
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES ",output=pem" PRIVATE, env_kek_to_pem_functions, NULL},
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES ",output=der" PRIVATE, env_kek_to_der_functions, NULL},
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES ",output=pem" PUBLIC, env_kek_to_public_pem_functions, NULL},
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES ",output=der" PUBLIC, env_kek_to_public_der_functions, NULL},
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES ",output=text", env_kek_to_text_functions, NULL},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM decoders[] = {
    {"DER", ENV_PROPERTIES ",input=pem", env_pem_to_der_functions, NULL},
    {ENV_KEK_KEY_TYPE, ENV_PROPERTIES ",input=der,structure=" ENV_KEK_STRUCTURE,
     env_der_to_kek_functions, NULL},
    {NULL, NULL, NULL, NULL},
};

/* The pkcs11: scheme has one loader in a program, so it is taken only where that is wanted. */
static const OSSL_ALGORITHM stores[] = {
    {"envelope", ENV_PROPERTIES, env_kek_store_functions, "KEKs in PKCS#11 tokens"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM stores_with_pkcs11[] = {
    {"envelope", ENV_PROPERTIES, env_kek_store_functions, "KEKs in PKCS#11 tokens"},
    {"pkcs11", ENV_PROPERTIES, env_kek_store_functions, "KEKs in PKCS#11 tokens"},
    {NULL, NULL, NULL, NULL},
};

const OSSL_ALGORITHM *env_kek_algorithms(int operation_id, bool pkcs11_scheme)
{
    switch (operation_id) {
    case OSSL_OP_KEYMGMT:
        return keymgmts;
    case OSSL_OP_SKEYMGMT:
        return skeymgmts;
    case OSSL_OP_KEM:
        return kems;
    case OSSL_OP_ASYM_CIPHER:
        return asym_ciphers;
    case OSSL_OP_ENCODER:
        return encoders;
    case OSSL_OP_DECODER:
        return decoders;
    case OSSL_OP_STORE:
        return pkcs11_scheme ? stores_with_pkcs11 : stores;
    default:
        return NULL;
    }
}
