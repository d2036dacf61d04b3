/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENCODER for KEKs. A private key is written as a reference (kek_reference.h), and the public half
 * of an RSA KEK like any public key. Both can also be written as text.
 */
#ifndef ENVELOPE_KEK_ENCODER_H
#define ENVELOPE_KEK_ENCODER_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_kek_to_pem_functions[];
extern const OSSL_DISPATCH env_kek_to_der_functions[];
extern const OSSL_DISPATCH env_kek_to_text_functions[];
extern const OSSL_DISPATCH env_kek_to_public_pem_functions[];
extern const OSSL_DISPATCH env_kek_to_public_der_functions[];

#endif
