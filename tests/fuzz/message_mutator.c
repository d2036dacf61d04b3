/* SPDX-License-Identifier: Apache-2.0 */
#include "message_mutator.h"

#include <string.h>

#include "der_mutator.h"
#include "reference_opening.h"

#define SEGMENT 4128u

/* Removes a segment, doubles it, or changes its length field. */
static size_t mutate_segment(uint8_t *message, size_t size, size_t max_size, unsigned seed)
{
    size_t headers = reference_headers_len(message, size);
    size_t segments = headers > 0 ? (size - headers + SEGMENT - 1) / SEGMENT : 0;
    size_t at;
    size_t len;

    if (segments == 0)
        return size;
    at = headers + seed / 4 % segments * SEGMENT;
    len = size - at < SEGMENT ? size - at : SEGMENT;
    if (len < 4)
        return size;
    switch (seed % 4) {
    case 0:
        memmove(message + at, message + at + len, size - at - len);
        return size - len;
    case 1:
        if (size + len > max_size)
            return size;
        memmove(message + at + len, message + at, size - at);
        return size + len;
    case 2: /* it is the last, and that is how long it says it is */
        message[at] = message[at + 1] = 0;
        message[at + 2] = (uint8_t)(len >> 8);
        message[at + 3] = (uint8_t)len;
        return size;
    default:
        memset(message + at, 0xFF, 4);
        return size;
    }
}

size_t message_mutate(uint8_t *message, size_t size, size_t max_size, unsigned seed)
{
    if (seed % 6 <= 1)
        size = der_mutate(message, size, max_size, seed / 6);
    else if (seed % 6 <= 3)
        size = mutate_segment(message, size, max_size, seed / 6);
    else
        size = LLVMFuzzerMutate(message, size, max_size);
    if (seed / 6 % 8 != 0)
        reference_reseal(message, size);
    return size;
}
