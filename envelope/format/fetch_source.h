/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_FETCH_SOURCE_H
#define ENVELOPE_FETCH_SOURCE_H

#include <openssl/types.h>

/* Where libcrypto's RSA and hashes come from; libctx NULL: the default context. */
struct env_rsa_source {
    OSSL_LIB_CTX *libctx;
    const char *propquery;
};

#endif
