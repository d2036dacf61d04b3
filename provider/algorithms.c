/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/algorithms.h"

#include <openssl/core_dispatch.h>

#include "provider/ciphers/envelope_cipher.h"
#include "provider/ciphers/field_cipher.h"
#include "provider/ciphers/wrap_cipher.h"
#include "provider/ciphers/wrap_stock_names.h"
#include "provider/common/fips.h"
#include "provider/keys/kek_asym_cipher.h"
#include "provider/keys/kek_decoder.h"
#include "provider/keys/kek_encoder.h"
#include "provider/keys/kek_kem.h"
#include "provider/keys/kek_key.h"
#include "provider/keys/kek_keymgmt.h"
#include "provider/keys/kek_skeymgmt.h"
#include "provider/keys/kek_store.h"

/* clang-format off */
#define CIPHERS(strict)                                                                            \
    {"ENVELOPE-AES-256-GCM:ENVELOPE", ENV_PROPERTIES, env_envelope##strict##_functions,            \
     "Envelope encryption, segments of 4 KiB"},                                                    \
    {"ENVELOPE-AES-256-GCM-64K:ENVELOPE-64K", ENV_PROPERTIES,                                      \
     env_envelope_64k##strict##_functions,                                                         \
     "Envelope encryption, segments of 64 KiB"},                                                   \
    /* names_entry.c makes these known under the names above */                                    \
    {"ENVELOPE-AES-256-GCM-STRICT:ENVELOPE-STRICT", ENV_PROPERTIES,                                \
     env_envelope_strict_functions, "ENVELOPE for programs with smaller buffers than EVP asks for"}, \
    {"ENVELOPE-AES-256-GCM-64K-STRICT:ENVELOPE-64K-STRICT", ENV_PROPERTIES,                        \
     env_envelope_64k_strict_functions,                                                            \
     "ENVELOPE-64K for programs with smaller buffers than EVP asks for"},                          \
    {"ENVELOPE-REWRAP", ENV_PROPERTIES, env_rewrap_functions,                                      \
     "Re-wraps an envelope message or sealed key for today's KEKs"},                  \
    {"ENVELOPE-FIELD", ENV_PROPERTIES, env_field_functions,                                        \
     "A short value under a named key"},                                                           \
    {"ENVELOPE-FIELD-DETERMINISTIC", ENV_PROPERTIES, env_field_deterministic_functions,            \
     "A short value under a named key, the same for equal values"},                                \
    {"ENVELOPE-AES-128-WRAP", ENV_PROPERTIES, env_wrap_128_functions,                              \
     "AES-128 key wrap (RFC 3394) with a KEK in a token"},                                         \
    {"ENVELOPE-AES-192-WRAP", ENV_PROPERTIES, env_wrap_192_functions,                              \
     "AES-192 key wrap (RFC 3394) with a KEK in a token"},                                         \
    {"ENVELOPE-AES-256-WRAP", ENV_PROPERTIES, env_wrap_256_functions,                              \
     "AES-256 key wrap (RFC 3394) with a KEK in a token"},                                         \
    {"ENVELOPE-AES-128-WRAP-PAD", ENV_PROPERTIES, env_wrap_128_pad_functions,                      \
     "AES-128 key wrap with padding (RFC 5649) with a KEK in a token"},                            \
    {"ENVELOPE-AES-192-WRAP-PAD", ENV_PROPERTIES, env_wrap_192_pad_functions,                      \
     "AES-192 key wrap with padding (RFC 5649) with a KEK in a token"},                            \
    {"ENVELOPE-AES-256-WRAP-PAD", ENV_PROPERTIES, env_wrap_256_pad_functions,                      \
     "AES-256 key wrap with padding (RFC 5649) with a KEK in a token"}

/* With standard-names = yes: also under all the names that stock OpenSSL has for them. */
#define WITH_KEK(names, which, what)                                                               \
    {names, ENV_PROPERTIES, env_standard_##which##_functions,                                      \
     what ", also with a KEK in a token (kek:LABEL)"}
/* Where propquery demands fips=yes there are two, the first for a query that says nothing of it. */
#define WITH_FIPS(names, which, what)                                                              \
    WITH_KEK(names, which, what),                                                                  \
    {names, ENV_PROPERTIES ",fips=yes", env_standard_##which##_fips_functions,                     \
     what " by another provider"}
#define STANDARD_CIPHERS(STANDARD)                                                                 \
    STANDARD("AES-128-WRAP:id-aes128-wrap:AES128-WRAP:2.16.840.1.101.3.4.1.5", 128,                \
             "AES-128 key wrap"),                                                                  \
    STANDARD("AES-192-WRAP:id-aes192-wrap:AES192-WRAP:2.16.840.1.101.3.4.1.25", 192,               \
             "AES-192 key wrap"),                                                                  \
    STANDARD("AES-256-WRAP:id-aes256-wrap:AES256-WRAP:2.16.840.1.101.3.4.1.45", 256,               \
             "AES-256 key wrap"),                                                                  \
    STANDARD("AES-128-WRAP-PAD:id-aes128-wrap-pad:AES128-WRAP-PAD:2.16.840.1.101.3.4.1.8", 128_pad,\
             "AES-128 key wrap with padding"),                                                     \
    STANDARD("AES-192-WRAP-PAD:id-aes192-wrap-pad:AES192-WRAP-PAD:2.16.840.1.101.3.4.1.28", 192_pad,\
             "AES-192 key wrap with padding"),                                                     \
    STANDARD("AES-256-WRAP-PAD:id-aes256-wrap-pad:AES256-WRAP-PAD:2.16.840.1.101.3.4.1.48", 256_pad,\
             "AES-256 key wrap with padding")

#define END {NULL, NULL, NULL, NULL}

/* libcrypto takes one list, so there is one for each way of the keys. */
static const OSSL_ALGORITHM ciphers[] = {CIPHERS(), END};
static const OSSL_ALGORITHM ciphers_strict[] = {CIPHERS(_strict), END};
static const OSSL_ALGORITHM ciphers_standard[] = {CIPHERS(), STANDARD_CIPHERS(WITH_KEK), END};
static const OSSL_ALGORITHM ciphers_standard_strict[] = {CIPHERS(_strict),
                                                         STANDARD_CIPHERS(WITH_KEK), END};
static const OSSL_ALGORITHM ciphers_fips[] = {CIPHERS(), STANDARD_CIPHERS(WITH_FIPS), END};
static const OSSL_ALGORITHM ciphers_fips_strict[] = {CIPHERS(_strict),
                                                     STANDARD_CIPHERS(WITH_FIPS), END};
/* clang-format on */

/* ---- KEKs as keys of OpenSSL ---- */

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

/*
 * libcrypto fetches one loader per scheme, so pkcs11: is offered only if the configuration asks for
 * it.
 */
static const OSSL_ALGORITHM stores[] = {
    {"envelope", ENV_PROPERTIES, env_kek_store_functions, "KEKs in PKCS#11 tokens"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM stores_with_pkcs11[] = {
    {"envelope", ENV_PROPERTIES, env_kek_store_functions, "KEKs in PKCS#11 tokens"},
    {"pkcs11", ENV_PROPERTIES, env_kek_store_functions, "KEKs in PKCS#11 tokens"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *ciphers_for(const struct env_config *config)
{
    if (config->standard_names_on && env_fips_in_query(config->propquery))
        return config->strict_output_on ? ciphers_fips_strict : ciphers_fips;
    if (config->standard_names_on)
        return config->strict_output_on ? ciphers_standard_strict : ciphers_standard;
    return config->strict_output_on ? ciphers_strict : ciphers;
}

const OSSL_ALGORITHM *env_algorithms(int operation_id, const struct env_config *config)
{
    switch (operation_id) {
    case OSSL_OP_CIPHER:
        return ciphers_for(config);
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
        return config->pkcs11_scheme_on ? stores_with_pkcs11 : stores;
    default:
        return NULL;
    }
}
