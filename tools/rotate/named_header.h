/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The new header of a key file. What an AES KEK opens was made by somebody who may use it; to an
 * RSA KEK anybody can seal who has its certificate, and a new header would vouch for his key.
 */
#ifndef ENVELOPE_TOOL_NAMED_HEADER_H
#define ENVELOPE_TOOL_NAMED_HEADER_H

#include "envelope/message/dek.h"

/*
 * As env_dek_rewrap; KEY_RSA_OPENED where an RSA KEK alone opens it, unless these are trusted.
 */
ENV_RESULT tool_named_header(const struct env_dek_context *context,
                             const struct env_selector *selector, bool trust_rsa, bool single,
                             struct env_span der, uint8_t **new_der, size_t *new_len);

#endif
