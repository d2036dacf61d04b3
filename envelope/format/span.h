/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_SPAN_H
#define ENVELOPE_SPAN_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that someone else owns. */
struct env_span {
    const uint8_t *data;
    size_t len;
};

#endif
