/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ciphers ENVELOPE-AES-{128,192,256}-WRAP (RFC 3394) and -WRAP-PAD (RFC 5649): key wrap with a
 * KEK that stays in its token. The output is byte for byte that of stock AES-*-WRAP with the same
 * key.
 *
 * Mode EVP_CIPH_WRAP_MODE, IV length 8 or 4, block size 8, key length 16, 24 or 32: the key bytes
 * are the KEK's label, NUL-padded, or zeros for the configured KEK. Parameter of the context:
 *   "kek"  UTF-8: a label or a pkcs11: URI; takes precedence over the key bytes
 */
#ifndef ENVELOPE_WRAP_CIPHER_H
#define ENVELOPE_WRAP_CIPHER_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH env_wrap_128_functions[];
extern const OSSL_DISPATCH env_wrap_192_functions[];
extern const OSSL_DISPATCH env_wrap_256_functions[];
extern const OSSL_DISPATCH env_wrap_128_pad_functions[];
extern const OSSL_DISPATCH env_wrap_192_pad_functions[];
extern const OSSL_DISPATCH env_wrap_256_pad_functions[];

#endif
