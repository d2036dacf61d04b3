/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ciphers ENVELOPE-AES-256-GCM (alias ENVELOPE), ENVELOPE-AES-256-GCM-1M (alias ENVELOPE-1M)
 * and ENVELOPE-REWRAP as libcrypto calls them.
 *
 * Key length 32, IV length 0, mode 0, block size 4096 or 1 MiB, no AEAD flag. Parameters of the
 * context (OSSL_PARAM):
 *   "kek"      UTF-8: the KEK to seal with, a label or a pkcs11: URI
 *   "context"  octet string, at most 4096 bytes: authenticated with the message, and needed to open
 *              it; default: context in openssl.cnf, else empty
 * Both can be set until the message begins, and stay for the next messages of the context.
 *
 * ENVELOPE-REWRAP takes a message of the others or a sealed key, and gives the same with a header
 * for the KEKs of today. It has one direction, encrypt, and of the parameters "kek": the body stays
 * closed and needs no context. Its contexts can be copied at any time: it makes no nonce, so two
 * that go on do no harm.
 */
#ifndef ENVELOPE_CIPHER_H
#define ENVELOPE_CIPHER_H

#include <openssl/core_dispatch.h>

#define ENV_CIPHER_PARAM_KEK "kek"
#define ENV_CIPHER_PARAM_CONTEXT "context"

extern const OSSL_DISPATCH env_cipher_functions[];
extern const OSSL_DISPATCH env_cipher_1m_functions[];
extern const OSSL_DISPATCH env_rewrap_functions[];

#endif
