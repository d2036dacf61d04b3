/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/message/emission.h"

#include "envelope/format/floe.h"

#define WHOLE_PIECE 4096u /* BIO_f_cipher's pieces ... */
#define PIECE_MORE 288u   /* ... and how much longer its buffer is */
#define LARGE_PIECE 8192u /* the longest pieces of BIO_f_cipher */
#define ALIGNMENT 32u     /* of the bytes left waiting after a longer piece */

static size_t plain_len(const struct env_stream_kind *kind)
{
    return kind->segment_len - ENV_FLOE_OVERHEAD;
}

size_t env_emission_segments(const struct env_stream_kind *kind, size_t filled, size_t n)
{
    return (filled + n) / plain_len(kind);
}

size_t env_emission_allowance(const struct env_stream_kind *kind, size_t n, size_t segments)
{
    size_t more = (size_t)ENV_FLOE_OVERHEAD * (segments > 1 && !kind->strict ? segments : 1);

    if (n >= WHOLE_PIECE && !kind->strict && more < PIECE_MORE)
        more = PIECE_MORE;
    return n + more;
}

size_t env_emission_written(const struct env_stream_kind *kind, const struct env_emission *now,
                            size_t n)
{
    const size_t segments = env_emission_segments(kind, now->filled, n);
    const size_t made = now->waiting + segments * kind->segment_len;
    const size_t most = env_emission_allowance(kind, n, segments);
    const size_t waits = made > most ? made - most : 0;
    const size_t last = (now->filled + n) % plain_len(kind) + ENV_FLOE_OVERHEAD;

    if (waits == 0)
        return made;
    if (n <= LARGE_PIECE || waits + last + 2 * ALIGNMENT > kind->block_size)
        return most;
    return most - (ALIGNMENT - waits % ALIGNMENT) % ALIGNMENT;
}

size_t env_emission_allowance_opening(size_t n)
{
    return n + ENV_FLOE_OVERHEAD;
}

/* The most segments that one update may complete. */
static size_t most_segments(const struct env_stream_kind *kind, const struct env_emission *now)
{
    size_t final_now = now->waiting + now->filled + ENV_FLOE_OVERHEAD;
    size_t room = kind->block_size;

    if (!kind->strict)
        return room / ENV_FLOE_OVERHEAD;
    room = room > final_now ? room - final_now : 0;
    /* the first update may write 32 bytes more; a later one always leaves 32 bytes of a segment */
    return room / ENV_FLOE_OVERHEAD + (now->begun ? 1 : 0);
}

bool env_emission_fits(const struct env_stream_kind *kind, const struct env_emission *now, size_t n)
{
    return env_emission_segments(kind, now->filled, n) <= most_segments(kind, now);
}

size_t env_emission_most(const struct env_stream_kind *kind, const struct env_emission *now)
{
    return (most_segments(kind, now) + 1) * plain_len(kind) - 1 - now->filled;
}
