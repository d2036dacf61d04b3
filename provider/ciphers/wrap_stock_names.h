/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrap ciphers under stock OpenSSL's names for them (standard-names = yes), so that CMS, which
 * asks for those names, can have its KEK on a token.
 *
 * Key bytes that begin with "kek:" name a KEK: "kek:" and its label, NUL-padded to the key's
 * length, or "kek:" and zeros for the configured KEK. They never reach the stock cipher. All other
 * key bytes are a key. They never reach a token, and such a context is handled completely by the
 * stock cipher, which comes from another provider.
 *
 * A query with fips=yes gets ciphers of their own. Keys go to a provider that has fips=yes, and a
 * selector is refused, since no token's key wrap is libcrypto's validated one. Without these names
 * there, stock OpenSSL would take the selector for the key.
 *
 * While the calling thread is inside a PKCS#11 module, all key bytes are keys: SoftHSM itself wraps
 * with libcrypto's ciphers, in our process.
 */
#ifndef ENVELOPE_WRAP_STOCK_NAMES_H
#define ENVELOPE_WRAP_STOCK_NAMES_H

#include <openssl/core_dispatch.h>

#define ENV_STANDARD_MARK "kek:"

extern const OSSL_DISPATCH env_standard_128_functions[];
extern const OSSL_DISPATCH env_standard_192_functions[];
extern const OSSL_DISPATCH env_standard_256_functions[];
extern const OSSL_DISPATCH env_standard_128_pad_functions[];
extern const OSSL_DISPATCH env_standard_192_pad_functions[];
extern const OSSL_DISPATCH env_standard_256_pad_functions[];

extern const OSSL_DISPATCH env_standard_128_fips_functions[];
extern const OSSL_DISPATCH env_standard_192_fips_functions[];
extern const OSSL_DISPATCH env_standard_256_fips_functions[];
extern const OSSL_DISPATCH env_standard_128_pad_fips_functions[];
extern const OSSL_DISPATCH env_standard_192_pad_fips_functions[];
extern const OSSL_DISPATCH env_standard_256_pad_fips_functions[];

#endif
