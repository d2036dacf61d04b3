/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ASYM_CIPHER ENVELOPE-KEK: EVP_PKEY_encrypt seals up to 64 KiB for the key, EVP_PKEY_decrypt opens
 * it. The format is that of ordinary messages (docs/FORMAT.md), which the cipher ENVELOPE reads and
 * writes. A message is verified whole before any of it is released.
 *
 * It has the parameter "context" of the cipher ENVELOPE, with the same default.
 */
#ifndef ENVELOPE_KEK_ASYM_CIPHER_H
#define ENVELOPE_KEK_ASYM_CIPHER_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_kek_asym_cipher_functions[];

#endif
