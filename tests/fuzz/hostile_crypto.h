/* SPDX-License-Identifier: Apache-2.0 */
/* What the hostile token does when it answers honestly: key wrap and OAEP by libcrypto. */
#ifndef ENVELOPE_TESTS_HOSTILE_CRYPTO_H
#define ENVELOPE_TESTS_HOSTILE_CRYPTO_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "fuzz.h"
#include "keymgmt/token/p11.h"

#define HOSTILE_VALUE_MAX 5000u /* bytes of a secret, and of what it is wrapped to */

struct hostile_key {
    bool rsa;
    size_t len; /* of an AES key or any other secret */
    uint8_t value[64];
    uint8_t id[20];
    size_t id_len;
    const char *label;
};

/* Once, before the others. */
void hostile_crypto_prepare(void);

/* The RSA key, with its public half. */
EVP_PKEY *hostile_rsa(void);

/* out has room for HOSTILE_VALUE_MAX bytes. */
CK_RV hostile_crypt(const struct hostile_key *key, const CK_MECHANISM *mechanism, bool encrypt,
                    const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len);

#endif
