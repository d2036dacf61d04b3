/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From KEKs to a DEK and its header, and back. All that seals or opens a header goes through here:
 * what is told apart when that fails, and what is not, is decided in this one place.
 */
#ifndef ENVELOPE_DEK_H
#define ENVELOPE_DEK_H

#include "envelope/base/error.h"
#include "envelope/format/crypto.h"
#include "envelope/format/header.h"
#include "envelope/message/audit.h"
#include "envelope/message/kek.h"

/* Bytes of the header and FLOE's header together that are written: stream.h says what for. */
#define ENV_HEADERS_SEALED_MAX 4064u

/* What sealing and opening headers needs; all of it outlives every use. */
struct env_dek_context {
    struct env_crypto *crypto;
    struct env_keyring *keyring;
    const struct env_errors *errors;
    uint8_t *message_id; /* NULL, or where opening puts the id that the audit log has (audit.h) */
    /* What the audit log says instead of wrap and unwrap, of a named key; NULL: it is none. */
    const struct env_audit_subject *subject;
    /* Gets a reference of the KEK that opened last, in place of what is there; NULL: nobody asks.
     */
    struct env_kek **opened_by;
    const char *left_out; /* said where no KEK is here: which recipients nobody asks; or NULL */
};

/*
 * Makes a fresh DEK, wraps it under every KEK that the selector names and writes the header.
 * dek lies in secret memory; *der is freed with OPENSSL_free.
 */
ENV_RESULT env_dek_seal(const struct env_dek_context *context, const struct env_selector *selector,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN], uint8_t **der,
                        size_t *der_len);

/* The same with what is expanded from the DEK: prk has it afterwards, and the caller clears it. */
ENV_RESULT env_dek_seal_with(const struct env_dek_context *context,
                             const struct env_selector *selector, enum env_content content,
                             uint8_t dek[ENV_DEK_LEN], struct env_prk *prk, uint8_t **der,
                             size_t *der_len);

/* The same of a named key, whose header has parameters. */
ENV_RESULT env_dek_seal_named(const struct env_dek_context *context,
                              const struct env_selector *selector, struct env_span parameters,
                              uint8_t dek[ENV_DEK_LEN], struct env_prk *prk, uint8_t **der,
                              size_t *der_len);

/*
 * The second half of it, with the DEK of a header that exists: wraps it afresh under every KEK that
 * the selector names, for the same content and with the same parameters. KEKS_DO_NOT_FIT when the
 * header would be longer than ENV_HEADERS_SEALED_MAX lets it be.
 */
ENV_RESULT env_dek_write_header(const struct env_dek_context *context,
                                const struct env_selector *selector, const struct env_header *old,
                                const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len);

/*
 * Finds a KEK that opens the header, unwraps the DEK and checks the MAC. WRONG_CONTENT, and
 * IS_NAMED_KEY for one of those, when it is a header of another content than that. A wrapped DEK
 * that does not verify and a MAC that does not are one error: NOT_AUTHENTIC, without detail.
 */
ENV_RESULT env_dek_open(const struct env_dek_context *context, struct env_span der,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN]);

/* Asked when the header is known to be one of that content, and before any token is. */
typedef ENV_RESULT env_dek_may_open_fn(void *arg);

/* The same with what is expanded from the DEK, as env_dek_seal_with. */
ENV_RESULT env_dek_open_with(const struct env_dek_context *context, struct env_span der,
                             enum env_content content, env_dek_may_open_fn *may_open, void *arg,
                             uint8_t dek[ENV_DEK_LEN], struct env_prk *prk);

/* The two halves of it: reading asks no token. *header is freed with OPENSSL_free; of a named key
 * it points into der. */
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
