/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From KEKs to a DEK and its header, and back. Everything that seals or opens a header goes through
 * here, so this is the one place that decides which failures may be told apart.
 */
#ifndef ENVELOPE_DEK_H
#define ENVELOPE_DEK_H

#include "envelope/base/error.h"
#include "envelope/format/crypto.h"
#include "envelope/format/header.h"
#include "envelope/message/audit.h"
#include "envelope/message/kek.h"

/*
 * The most bytes that we write for the header and FLOE's header together; emission.h has the
 * reason.
 */
#define ENV_HEADERS_SEALED_MAX 4064u

/* What sealing and opening headers needs. All of it must outlive every use. */
struct env_dek_context {
    struct env_crypto *crypto;
    struct env_keyring *keyring;
    const struct env_errors *errors;
    uint8_t *message_id; /* NULL, or receives the id in the audit log (audit.h) */
    /* For a named key, what the audit log has instead of wrap and unwrap; otherwise NULL. */
    const struct env_audit_subject *subject;
    /* Receives a reference to the KEK that opened last, replacing the old one; or NULL. */
    struct env_kek **opened_by;
    const char *left_out; /* for the error: which recipients were not tried; or NULL */
};

/*
 * Makes a new DEK, wraps it under every KEK that the selector names and writes the header. dek must
 * be in secret memory; *der is freed with OPENSSL_free.
 */
ENV_RESULT env_dek_seal(const struct env_dek_context *context, const struct env_selector *selector,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN], uint8_t **der,
                        size_t *der_len);

/* The same, and prk then holds what is expanded from the DEK. The caller clears it. */
ENV_RESULT env_dek_seal_with(const struct env_dek_context *context,
                             const struct env_selector *selector, enum env_content content,
                             uint8_t dek[ENV_DEK_LEN], struct env_prk *prk, uint8_t **der,
                             size_t *der_len);

/* The same for a named key, whose header has parameters. */
ENV_RESULT env_dek_seal_named(const struct env_dek_context *context,
                              const struct env_selector *selector, struct env_span parameters,
                              uint8_t dek[ENV_DEK_LEN], struct env_prk *prk, uint8_t **der,
                              size_t *der_len);

/*
 * The second half of sealing, for the DEK of an existing header: wraps it under every KEK that the
 * selector names, for the same content and with the same parameters. Fails with KEKS_DO_NOT_FIT if
 * the header would be longer than ENV_HEADERS_SEALED_MAX allows.
 */
ENV_RESULT env_dek_write_header(const struct env_dek_context *context,
                                const struct env_selector *selector, const struct env_header *old,
                                const uint8_t dek[ENV_DEK_LEN], uint8_t **der, size_t *der_len);

/*
 * Finds a KEK that opens the header, unwraps the DEK and checks the MAC. If the header is for other
 * content, fails with WRONG_CONTENT, or IS_NAMED_KEY for a named key. A wrapped DEK that does not
 * verify and a MAC that does not are the same error: NOT_AUTHENTIC, without detail.
 */
ENV_RESULT env_dek_open(const struct env_dek_context *context, struct env_span der,
                        enum env_content content, uint8_t dek[ENV_DEK_LEN]);

/* Called once the header is known to have that content, before any token is used. */
typedef ENV_RESULT env_dek_may_open_fn(void *arg);

/* The same, with prk as for env_dek_seal_with. */
ENV_RESULT env_dek_open_with(const struct env_dek_context *context, struct env_span der,
                             enum env_content content, env_dek_may_open_fn *may_open, void *arg,
                             uint8_t dek[ENV_DEK_LEN], struct env_prk *prk);

/*
 * The two halves of opening; reading uses no token. *header is freed with OPENSSL_free. For a named
 * key it points into der.
 */
ENV_RESULT env_dek_read_header(struct env_span der, enum env_content content,
                               struct env_header **header);
ENV_RESULT env_dek_open_header(const struct env_dek_context *context,
                               const struct env_header *header, struct env_span der,
                               uint8_t dek[ENV_DEK_LEN]);

/*
 * Whether this is the DEK of the header, by the header's MAC or by other evidence. If not, fails
 * with NOT_AUTHENTIC, without detail.
 */
typedef ENV_RESULT env_dek_judge_fn(void *arg, const uint8_t dek[ENV_DEK_LEN]);

/*
 * Every opening goes through here: unwraps a DEK that the judge accepts. A ciphertext that does not
 * verify and a DEK that is refused are the same failure, down to the calls to the token:
 * NOT_AUTHENTIC, without detail. For a bad ciphertext of an RSA KEK the judge gets a random DEK.
 */
ENV_RESULT env_dek_unwrap(const struct env_dek_context *context, struct env_kek *kek,
                          const struct env_wrapped *wrapped, env_dek_judge_fn *judge, void *arg,
                          uint8_t dek[ENV_DEK_LEN]);

/* Reading a header of any content. *header is freed with OPENSSL_free. */
ENV_RESULT env_dek_read_any_header(struct env_span der, struct env_header **header);

/* Opening through this recipient only. KEK_NOT_HERE names its KEK. */
ENV_RESULT env_dek_open_recipient(const struct env_dek_context *context,
                                  const struct env_header *header, size_t number,
                                  struct env_span der, uint8_t dek[ENV_DEK_LEN]);

#endif
