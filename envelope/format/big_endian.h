/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as FLOE writes them: most significant byte first. */
#ifndef ENVELOPE_BIG_ENDIAN_H
#define ENVELOPE_BIG_ENDIAN_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void env_put_be32(uint8_t out[4], uint32_t value)
{
    const uint32_t bytes = htobe32(value);

    memcpy(out, &bytes, sizeof(bytes));
}

static inline void env_put_be64(uint8_t out[8], uint64_t value)
{
    const uint64_t bytes = htobe64(value);

    memcpy(out, &bytes, sizeof(bytes));
}

static inline uint32_t env_get_be32(const uint8_t in[4])
{
    uint32_t bytes;

    memcpy(&bytes, in, sizeof(bytes));
    return be32toh(bytes);
}

#endif
