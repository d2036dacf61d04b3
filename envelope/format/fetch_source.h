/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_FETCH_SOURCE_H
#define ENVELOPE_FETCH_SOURCE_H

#include <openssl/types.h>

/* The source of libcrypto's RSA and hashes; libctx NULL: the default context. */
struct env_rsa_source {
    OSSL_LIB_CTX *libctx;
    const char *propquery;
};

#endif
