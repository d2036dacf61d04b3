/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEM ENVELOPE-KEK: EVP_PKEY_encapsulate makes 32 new secret bytes and their sealed form, a header
 * with nothing after it (docs/FORMAT.md). EVP_PKEY_decapsulate returns the bytes. The secret is
 * derived from the header's DEK, which is never returned.
 *
 * Parameter: "context", an octet string of at most 4096 bytes (default: empty). It is part of the
 * derivation: another context gives another secret, and no error.
 */
#ifndef ENVELOPE_KEK_KEM_H
#define ENVELOPE_KEK_KEM_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_kek_kem_functions[];

#endif
