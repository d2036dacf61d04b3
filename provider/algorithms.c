/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/algorithms.h"

#include <openssl/core_dispatch.h>

#include "provider/ciphers/envelope_cipher.h"
#include "provider/ciphers/wrap_cipher.h"
#include "provider/ciphers/wrap_standard.h"

/* clang-format off */
#define CIPHERS                                                                                    \
    {"ENVELOPE-AES-256-GCM:ENVELOPE", ENV_PROPERTIES, env_cipher_functions,                        \
     "Envelope encryption, segments of 4 KiB"},                                                    \
    {"ENVELOPE-AES-256-GCM-1M:ENVELOPE-1M", ENV_PROPERTIES, env_cipher_1m_functions,               \
     "Envelope encryption, segments of 1 MiB"},                                                    \
    {"ENVELOPE-REWRAP", ENV_PROPERTIES, env_rewrap_functions,                                      \
     "An envelope message or sealed key in, the same for the KEKs of today out"},                  \
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

static const OSSL_ALGORITHM ciphers[] = {
    CIPHERS,
    {NULL, NULL, NULL, NULL},
};

/* With standard-names = yes: also under all the names that stock OpenSSL has for them. */
static const OSSL_ALGORITHM ciphers_standard[] = {
    CIPHERS,
    {"AES-128-WRAP:id-aes128-wrap:AES128-WRAP:2.16.840.1.101.3.4.1.5", ENV_PROPERTIES,
     env_standard_128_functions, "AES-128 key wrap, also with a KEK in a token (kek:LABEL)"},
    {"AES-192-WRAP:id-aes192-wrap:AES192-WRAP:2.16.840.1.101.3.4.1.25", ENV_PROPERTIES,
     env_standard_192_functions, "AES-192 key wrap, also with a KEK in a token (kek:LABEL)"},
    {"AES-256-WRAP:id-aes256-wrap:AES256-WRAP:2.16.840.1.101.3.4.1.45", ENV_PROPERTIES,
     env_standard_256_functions, "AES-256 key wrap, also with a KEK in a token (kek:LABEL)"},
    {"AES-128-WRAP-PAD:id-aes128-wrap-pad:AES128-WRAP-PAD:2.16.840.1.101.3.4.1.8", ENV_PROPERTIES,
     env_standard_128_pad_functions,
     "AES-128 key wrap with padding, also with a KEK in a token (kek:LABEL)"},
    {"AES-192-WRAP-PAD:id-aes192-wrap-pad:AES192-WRAP-PAD:2.16.840.1.101.3.4.1.28", ENV_PROPERTIES,
     env_standard_192_pad_functions,
     "AES-192 key wrap with padding, also with a KEK in a token (kek:LABEL)"},
    {"AES-256-WRAP-PAD:id-aes256-wrap-pad:AES256-WRAP-PAD:2.16.840.1.101.3.4.1.48", ENV_PROPERTIES,
     env_standard_256_pad_functions,
     "AES-256 key wrap with padding, also with a KEK in a token (kek:LABEL)"},
    {NULL, NULL, NULL, NULL},
};
/* clang-format on */

const OSSL_ALGORITHM *env_algorithms(int operation_id, const struct env_config *config)
{
    switch (operation_id) {
    case OSSL_OP_CIPHER:
        return config->standard_names_on ? ciphers_standard : ciphers;
    default:
        return NULL;
    }
}
