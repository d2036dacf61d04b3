/* SPDX-License-Identifier: Apache-2.0 */
#include "algorithms.h"

#include <openssl/core_dispatch.h>

#include "cipher.h"

static const OSSL_ALGORITHM ciphers[] = {
    {"ENVELOPE-AES-256-GCM:ENVELOPE", ENV_PROPERTIES, env_cipher_functions,
     "Envelope encryption, segments of 4 KiB"},
    {"ENVELOPE-AES-256-GCM-1M:ENVELOPE-1M", ENV_PROPERTIES, env_cipher_1m_functions,
     "Envelope encryption, segments of 1 MiB"},
    {NULL, NULL, NULL, NULL},
};

const OSSL_ALGORITHM *env_algorithms(int operation_id)
{
    switch (operation_id) {
    case OSSL_OP_CIPHER:
        return ciphers;
    default:
        return NULL;
    }
}
