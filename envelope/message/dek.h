/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From KEKs to a DEK and its header, and back. All that seals or opens a header goes through here:
 * what is told apart when that fails, and what is not, is decided in this one place.
 */
#ifndef ENVELOPE_DEK_H
#define ENVELOPE_DEK_H

#include "envelope/format/crypto.h"
#include "envelope/base/error.h"
#include "envelope/format/header.h"
#include "envelope/message/kek.h"

/* Bytes of the header and FLOE's header together that are written: stream.h says what for. */
#define ENV_HEADERS_SEALED_MAX 4064u

/* What sealing and opening headers needs; all of it outlives every use. */
struct env_dek_context {
    struct env_crypto *crypto;
    struct env_keyring *keyring;
    const struct env_errors *errors;
};

/*
 * Makes a fresh DEK, wraps it under every KEK that the selector names and writes the header.
 * dek lies in secret memory; *der is freed with OPENSSL_free.
 */
ENV_RESULT env_dek_seal(const struct env_dek_context *context, const struct env_selector *selector,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN], uint8_t **der,
                        size_t *der_len);

/*
 * The second half of it, with a DEK that exists: wraps it afresh under every KEK that the selector
 * names. KEKS_DO_NOT_FIT when the header would be longer than ENV_HEADERS_SEALED_MAX lets it be.
 */
ENV_RESULT env_dek_write_header(const struct env_dek_context *context,
                                const struct env_selector *selector, enum env_content content,
                                const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len);

/*
 * Finds a KEK that opens the header, unwraps the DEK and checks the MAC. A wrapped DEK that does
 * not verify and a MAC that does not are one error: NOT_AUTHENTIC, without detail.
 */
ENV_RESULT env_dek_open(const struct env_dek_context *context, struct env_span der,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN]);

/* The two halves of it: reading asks no token. *header is freed with OPENSSL_free. */
ENV_RESULT env_dek_read_header(struct env_span der, enum env_content content,
                               struct env_header **header);
ENV_RESULT env_dek_open_header(const struct env_dek_context *context,
                               const struct env_header *header, struct env_span der,
                               uint8_t dek[ENV_DEK_LEN]);

/*
 * Whether it is the DEK of the header, by the header's MAC or by what else shows it. NOT_AUTHENTIC,
 * without detail, when it is not.
 */
typedef ENV_RESULT env_dek_judge_fn(void *arg, const uint8_t dek[ENV_DEK_LEN]);

/*
 * What every opening goes through: unwraps a DEK that the judge accepts. A ciphertext that does not
 * verify and a DEK that is refused are one failure, down to what the token is asked: NOT_AUTHENTIC,
 * without detail. For a bad ciphertext of an RSA KEK the judge is given a random DEK.
 */
ENV_RESULT env_dek_unwrap(const struct env_dek_context *context, struct env_kek *kek,
                          const struct env_wrapped *wrapped, env_dek_judge_fn *judge, void *arg,
                          uint8_t dek[ENV_DEK_LEN]);

/* Reading, whichever the content is. *header is freed with OPENSSL_free. */
ENV_RESULT env_dek_read_any_header(struct env_span der, struct env_header **header);

/* Opening through the recipient of that number alone. KEK_NOT_HERE names its KEK. */
ENV_RESULT env_dek_open_recipient(const struct env_dek_context *context,
                                  const struct env_header *header, size_t number,
                                  struct env_span der, uint8_t dek[ENV_DEK_LEN]);

#endif
