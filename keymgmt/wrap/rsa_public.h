/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public half of an RSA KEK. Wraps DEKs with libcrypto, and computes the reference that anyone
 * with the public half can compute. Uses no token.
 */
#ifndef ENVELOPE_RSA_PUBLIC_H
#define ENVELOPE_RSA_PUBLIC_H

#include <openssl/types.h>

#include "envelope/format/crypto.h"
#include "envelope/format/fetch_source.h"
#include "envelope/message/kek.h"
#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/key_reference.h"

#define ENV_RSA_BITS_MIN 2048u /* a shorter key is never a KEK, whatever the configuration says */
#define ENV_RSA_BITS_MAX 8192u

struct env_rsa_public;

/*
 * From a big-endian modulus and exponent. where names the key in messages. Fails with KEK_KIND if
 * it is not an RSA key, or too short or too long to be a KEK, and with CRYPTO_FAILED if no provider
 * offers RSA.
 */
ENV_RESULT env_rsa_public_new(const struct env_rsa_source *source, struct env_span modulus,
                              struct env_span exponent, const char *where,
                              struct env_rsa_public **out, struct env_error_detail *detail);
void env_rsa_public_free(struct env_rsa_public *key);

size_t env_rsa_public_bits(const struct env_rsa_public *key);

/* RSAES-OAEP. May be called by several threads at once. Fails with CRYPTO_FAILED. */
ENV_RESULT env_rsa_public_wrap(const struct env_rsa_public *key, enum env_wrap_alg alg,
                               const uint8_t dek[ENV_DEK_LEN], const char *where,
                               struct env_wrapped *out, struct env_error_detail *detail);

/* Modulus and exponent from the bit string of a SubjectPublicKeyInfo. */
struct env_rsa_numbers {
    size_t modulus_len;
    uint8_t modulus[ENV_KEK_MODULUS];
    size_t exponent_len;
    uint8_t exponent[8];
};

/* False if it is not an RSAPublicKey in DER, or its numbers do not fit. */
bool env_rsa_numbers_read(struct env_span bit_string, struct env_rsa_numbers *out);

#endif
