/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing KEKs: as a reference (kek_reference.h) where a private key is asked for, as text, and of
 * an RSA KEK the public half, which is a key like any other.
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
