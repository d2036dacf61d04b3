/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short cuts of header.c. Most headers that a thread sees differ from the last one in a few octet
 * strings alone: the reference of the KEK, the nonce, the wrapped DEK, the MAC. So the bytes of one
 * are kept for each thread, with the places of these. What is the same everywhere else needs no
 * ASN.1. Whatever differs, by one bit, is for header_der.c to judge, so that the answer is the
 * same.
 */
#ifndef ENVELOPE_HEADER_TEMPLATE_H
#define ENVELOPE_HEADER_TEMPLATE_H

#include "envelope/base/result.h"
#include "envelope/format/crypto.h"
#include "envelope/format/header_types.h"

/* True: der is such a header, and read. False says nothing about it. */
bool env_header_template_read(struct env_span der, struct env_header *out);

/* *known: the header is such a one, and written as env_header_der_write would have. */
ENV_RESULT env_header_template_write(const struct env_header *header, bool *known, uint8_t **der,
                                     size_t *der_len);

/* A header that was neither, and that header_der.c has read or written: it may be the next ones'.
 */
void env_header_template_learn(const struct env_header *header);

#endif
