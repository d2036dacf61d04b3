/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DECODER for references to KEKs (kek_reference.h): from PEM to DER, because stock OpenSSL drops
 * PEM labels that it does not know, and from DER to a key. The key is looked up on its token
 * immediately.
 */
#ifndef ENVELOPE_KEK_DECODER_H
#define ENVELOPE_KEK_DECODER_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_pem_to_der_functions[];
extern const OSSL_DISPATCH env_der_to_kek_functions[];

#endif
