/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shortcuts for header.c. Most headers that a thread handles differ from the previous one only in a
 * few octet strings: the reference of the KEK, the nonce, the wrapped DEK, the MAC. So each thread
 * keeps the bytes of one header, with the positions of these strings. A header that is otherwise
 * the same needs no ASN.1. A header that differs anywhere else, even by one bit, is left to
 * header_der.c, so that the result is the same.
 */
#ifndef ENVELOPE_HEADER_TEMPLATE_H
#define ENVELOPE_HEADER_TEMPLATE_H

#include "envelope/base/result.h"
#include "envelope/format/crypto.h"
#include "envelope/format/header_types.h"

/* True: der is such a header, and was read. False says nothing about it. */
bool env_header_template_read(struct env_span der, struct env_header *out);

/* known: the header matches, and was written as env_header_der_write would have. */
ENV_RESULT env_header_template_write(const struct env_header *header, bool *known, uint8_t **der,
                                     size_t *der_len);

/*
 * To be called with a header that did not match, after header_der.c has read or written it: it may
 * become the template.
 */
void env_header_template_learn(const struct env_header *header);

#endif
