/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed key: a header with nothing after it, from whose DEK 32 secret bytes are derived for the
 * program. EVP_PKEY_encapsulate and `envelope datakey` make the same format, and each opens the
 * other's.
 */
#ifndef ENVELOPE_SEALED_KEY_H
#define ENVELOPE_SEALED_KEY_H

#include "envelope/message/dek.h"

#define ENV_SEALED_KEY_SECRET_LEN 32u

/*
 * Makes one under the KEKs that the selector names. bound is the application's context: opening
 * with another one gives another secret. *der is freed with OPENSSL_free.
 */
ENV_RESULT env_sealed_key_make(const struct env_dek_context *context,
                               const struct env_selector *selector, struct env_span bound,
                               uint8_t secret[ENV_SEALED_KEY_SECRET_LEN], uint8_t **der,
                               size_t *len);

/* Fails with NOT_A_MESSAGE, TRUNCATED or TRAILING_DATA, or as env_dek_open does. */
ENV_RESULT env_sealed_key_open(const struct env_dek_context *context, struct env_span in,
                               struct env_span bound, uint8_t secret[ENV_SEALED_KEY_SECRET_LEN]);

#endif
