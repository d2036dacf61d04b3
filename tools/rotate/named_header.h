/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The new header of a key file. If an AES KEK opens the file, it was made by someone who may use
 * that KEK. But anyone with an RSA KEK's certificate can seal to it, and a new header would vouch
 * for that person's key.
 */
#ifndef ENVELOPE_TOOL_NAMED_HEADER_H
#define ENVELOPE_TOOL_NAMED_HEADER_H

#include "envelope/message/dek.h"

/*
 * Works like env_dek_rewrap. KEY_RSA_OPENED if only an RSA KEK opens it, unless these are trusted.
 */
ENV_RESULT tool_named_header(const struct env_dek_context *context,
                             const struct env_selector *selector, bool trust_rsa, bool single,
                             struct env_span der, uint8_t **new_der, size_t *new_len);

#endif
