/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key bytes that say all that a cipher for fields needs, for programs that can pass nothing else:
 *
 *     "ENVF" || 01 || n (2) || stand-in (n) || t (2) || tenant key (t) || i (2) || tenant (i) ||
 * context
 *
 * Lengths are big-endian. n is 0 (field-key of openssl.cnf) or 16 to 64, t is 0 or 81, i 0 to 255
 * and not 0 where t is not, and the rest, 0 to 4,096 bytes, is the context.
 */
#ifndef ENVELOPE_FIELD_KEY_BYTES_H
#define ENVELOPE_FIELD_KEY_BYTES_H

#include "envelope/format/field.h"

#define ENV_FIELD_KEY_MIN 16u   /* just a stand-in */
#define ENV_FIELD_KEY_MAX 4608u /* more than the longest form, which has 4,507 */
#define ENV_FIELD_KEY_USUAL 32u /* if the program sets no length */

struct env_field_key_bytes {
    struct env_span stand_in; /* length 0: field-key of openssl.cnf */
    struct env_span tenant_key;
    struct env_span tenant;
    struct env_span context;
};

/* Whether key bytes are meant to have this form. */
bool env_field_key_bytes_is(struct env_span bytes);

/* The spans point into bytes. Fails with FIELD_KEY_FORM; *what says what is wrong. */
ENV_RESULT env_field_key_bytes_read(struct env_span bytes, struct env_field_key_bytes *out,
                                    const char **what);

/* Writes up to ENV_FIELD_KEY_MAX bytes. Fails with FIELD_KEY_FORM. */
ENV_RESULT env_field_key_bytes_write(const struct env_field_key_bytes *from, uint8_t *bytes,
                                     size_t *len);

#endif
