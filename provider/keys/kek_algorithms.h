/* SPDX-License-Identifier: Apache-2.0 */
/* What KEKs as keys of OpenSSL add to the provider's algorithms. */
#ifndef ENVELOPE_KEK_ALGORITHMS_H
#define ENVELOPE_KEK_ALGORITHMS_H

#include <openssl/core.h>
#include <stdbool.h>

/* The algorithms of one OSSL_OP_, or NULL. pkcs11_scheme: whether pkcs11: URIs are ours as well. */
const OSSL_ALGORITHM *env_kek_algorithms(int operation_id, bool pkcs11_scheme);

#endif
