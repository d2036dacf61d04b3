/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a header for other KEKs. The DEK and therefore the body stay the same. The DEK is in
 * secret memory meanwhile, and wiped before a function returns.
 */
#ifndef ENVELOPE_REWRAP_HEADER_H
#define ENVELOPE_REWRAP_HEADER_H

#include "envelope/message/dek.h"

/*
 * Opens the header of a message, a sealed key or a named key with any KEK that fits, and writes one
 * with the same content for the selector's KEKs. *content says which it was; *new_der is freed with
 * OPENSSL_free. Fails as env_dek_open and env_dek_write_header do.
 */
ENV_RESULT env_dek_rewrap(const struct env_dek_context *context,
                          const struct env_selector *selector, struct env_span der,
                          enum env_content *content, uint8_t **new_der, size_t *new_len);

/*
 * Whether the header needs no re-wrapping. Its recipients must be exactly the selector's KEKs. Each
 * KEK that can unwrap (at least one; a public half cannot) must give the same DEK, and the MAC must
 * verify under it. Otherwise it is false, even for a header that no KEK opens: re-wrapping reports
 * why. If it cannot be found out, that is an error.
 */
ENV_RESULT env_dek_is_current(const struct env_dek_context *context,
                              const struct env_selector *selector, const struct env_header *header,
                              struct env_span der, bool *current);

#endif
