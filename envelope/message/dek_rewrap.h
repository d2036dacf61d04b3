/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header for other KEKs than the ones it was written for: the DEK stays, and with it the body.
 * The DEK is in secret memory while that is done and wiped before anything returns.
 */
#ifndef ENVELOPE_REWRAP_HEADER_H
#define ENVELOPE_REWRAP_HEADER_H

#include "envelope/message/dek.h"

/*
 * Opens the header, a message's, a sealed key's or a named key's, under whatever KEK fits and
 * writes one of the same content for the selector's KEKs. *content says which it was; *new_der is
 * freed with OPENSSL_free. Fails as env_dek_open and env_dek_write_header do.
 */
ENV_RESULT env_dek_rewrap(const struct env_dek_context *context,
                          const struct env_selector *selector, struct env_span der,
                          enum env_content *content, uint8_t **new_der, size_t *new_len);

/*
 * Whether the header needs no re-wrapping: its recipients are the selector's KEKs and no others,
 * each of these that can unwrap gives the same DEK (a public half cannot; one KEK at least has
 * to), and the MAC holds under it. All else is false, also a header that no KEK opens: re-wrapping
 * it says why. What could not be found out is an error.
 */
ENV_RESULT env_dek_is_current(const struct env_dek_context *context,
                              const struct env_selector *selector, const struct env_header *header,
                              struct env_span der, bool *current);

#endif
