/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ciphers ENVELOPE-AES-256-GCM (alias ENVELOPE), ENVELOPE-AES-256-GCM-64K (alias ENVELOPE-64K)
 * and ENVELOPE-REWRAP.
 *
 * Key length 32, IV length 0, mode 0, block size 4128 or 65568, no AEAD flag. Parameters of the
 * context (OSSL_PARAM):
 *   "kek"      UTF-8: the KEK to seal with, a label or a pkcs11: URI
 *   "context"  octet string, at most 4096 bytes: authenticated with the message, and needed to open
 *              it; default: context in openssl.cnf, else empty
 * Both can be set until the message begins, and also hold for later messages of the context.
 *
 * ENVELOPE-REWRAP reads a message of the others or a sealed key, and writes the same with a header
 * for today's KEKs. It only encrypts, and has the parameter "kek" alone: the body stays closed, so
 * no application context is needed. Its contexts may be copied at any time: it makes no nonces.
 */
#ifndef ENVELOPE_CIPHER_H
#define ENVELOPE_CIPHER_H

#include <openssl/core_dispatch.h>

#include "provider/common/params.h"

extern const OSSL_DISPATCH env_envelope_functions[];
extern const OSSL_DISPATCH env_envelope_64k_functions[];
/* Output as envelope/message/emission.h says, strict: so is re-wrapping always. */
extern const OSSL_DISPATCH env_envelope_strict_functions[];
extern const OSSL_DISPATCH env_envelope_64k_strict_functions[];
extern const OSSL_DISPATCH env_rewrap_functions[];

#endif
