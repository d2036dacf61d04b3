/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public half of an RSA KEK: wrapping DEKs with it by libcrypto, and the reference that anyone
 * who has it can work out. Knows no token.
 */
#ifndef ENVELOPE_RSA_PUBLIC_H
#define ENVELOPE_RSA_PUBLIC_H

#include <openssl/types.h>

#include "envelope/format/crypto.h"
#include "envelope/format/fetch_source.h"
#include "envelope/message/kek.h"
#include "keymgmt/token/error_detail.h"
#include "keymgmt/token/key_reference.h"

#define ENV_RSA_BITS_MIN 2048u /* less is no KEK whatever the configuration says */
#define ENV_RSA_BITS_MAX 8192u

struct env_rsa_public;

/*
 * From modulus and exponent, big-endian. where says what key it is, for messages. KEK_KIND for one
 * that is no RSA key, or too short or long to be a KEK; CRYPTO_FAILED when no provider offers RSA.
 */
ENV_RESULT env_rsa_public_new(const struct env_rsa_source *source, struct env_span modulus,
                              struct env_span exponent, const char *where,
                              struct env_rsa_public **out, struct env_error_detail *detail);
void env_rsa_public_free(struct env_rsa_public *key);

size_t env_rsa_public_bits(const struct env_rsa_public *key);

/* RSAES-OAEP. By several threads at once. CRYPTO_FAILED. */
ENV_RESULT env_rsa_public_wrap(const struct env_rsa_public *key, enum env_wrap_alg alg,
                               const uint8_t dek[ENV_DEK_LEN], const char *where,
                               struct env_wrapped *out, struct env_error_detail *detail);

/* Modulus and exponent out of the bit string of a SubjectPublicKeyInfo. */
struct env_rsa_numbers {
    size_t modulus_len;
    uint8_t modulus[ENV_KEK_MODULUS];
    size_t exponent_len;
    uint8_t exponent[8];
};

/* False when it is no RSAPublicKey in DER, or its numbers do not fit. */
bool env_rsa_numbers_read(struct env_span bit_string, struct env_rsa_numbers *out);

#endif
