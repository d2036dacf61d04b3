/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public half of an RSA KEK: wrapping DEKs with it by libcrypto, and the reference that anyone
 * who has it can work out. Knows no token.
 */
#ifndef ENVELOPE_RSA_PUBLIC_H
#define ENVELOPE_RSA_PUBLIC_H

#include <openssl/types.h>

#include "envelope/format/crypto.h"
#include "envelope/message/kek.h"
#include "keymgmt/token/fault.h"

#define ENV_RSA_BITS_MIN 2048u /* less is no KEK whatever the configuration says */
#define ENV_RSA_BITS_MAX 8192u

struct env_rsa_public;

/* Where libcrypto's RSA and hashes come from; libctx NULL: the default context. */
struct env_rsa_source {
    OSSL_LIB_CTX *libctx;
    const char *propquery;
};

/*
 * From modulus and exponent, big-endian. where says what key it is, for messages. KEK_KIND for one
 * that is no RSA key, or too short or long to be a KEK; CRYPTO_FAILED when no provider offers RSA.
 */
ENV_RESULT env_rsa_public_new(const struct env_rsa_source *source, struct env_span modulus,
                              struct env_span exponent, const char *where,
                              struct env_rsa_public **out, struct env_fault *fault);
void env_rsa_public_free(struct env_rsa_public *key);

size_t env_rsa_public_bits(const struct env_rsa_public *key);

/* RSAES-OAEP. By several threads at once. CRYPTO_FAILED. */
ENV_RESULT env_rsa_public_wrap(const struct env_rsa_public *key, enum env_wrap_alg alg,
                               const uint8_t dek[ENV_DEK_LEN], const char *where,
                               struct env_wrapped *out, struct env_fault *fault);

#define ENV_RSA_REFERENCE_LEN 20u

/*
 * The reference of a public half: RFC 5280 4.2.1.2 method 1, SHA-1 of the key's bit string. It is a
 * name; nothing rests on its being hard to make a second key for. False without memory or SHA-1.
 */
bool env_rsa_reference(const struct env_rsa_source *source, struct env_span modulus,
                       struct env_span exponent, struct env_kek_id *id);

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
