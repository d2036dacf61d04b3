/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much each call writes, and why that is enough. This file only does arithmetic: it touches no
 * data.
 *
 * libcrypto lets an update write inl + block size bytes, and final one block. Real callers have
 * less room. BIO_f_cipher (so `openssl enc` and CMS) passes on pieces of up to 4,096 bytes (8,192
 * from 4.0 on) when it is written to, with room for a piece and 288 bytes. When it is read from, it
 * passes on 256 bytes at a time with room for 288, and input that was not processed yet follows
 * that room. Ruby has inl + 32. PHP has one buffer of inl + block size for one update and final
 * together. Hence, for an update of n bytes that completes s segments:
 *
 *   sealing               at most n + 32 * max(1, s); from n = 4,096 on n + max(32 * s, 288)
 *   strict ones, sealing  at most n + 32
 *   opening, re-wrapping  at most n + 32
 *
 * What may not be written yet waits. Final writes at most the block size B. B is the length of a
 * segment, P + 32 for P bytes of plaintext. The header and FLOE's header, H bytes together, count
 * as output of the first update. We write none with H > 4,064 = 4,128 - 64.
 *
 * Sealing. W is what final would write now: L bytes that wait, and a last segment of the r < P
 * bytes that do not fill one yet, so W = L + r + 32. An update that writes w bytes leaves
 *
 *   W' = W + n + 32 * s - w        (the first: W = H + 32)
 *
 * since every input byte is written, waits or is in r, and every segment adds 32. If nothing waits
 * afterwards, then W' = r' + 32 < B. Otherwise the update wrote all that it may, which is at least
 * n + 32 * s, so W' <= W. Hence W < max(H + 32, B) + 1 = B + 1 at all times, for any sequence of
 * updates: final fits. (32 * s > B is refused: EVP's own contract ends there.)
 *
 * BIO_f_cipher. For n <= 4,096, r + n < 2 * 4,096, so s <= 1; for n <= 8,192, s <= 2. So a piece of
 * 4,096 bytes or more writes at most n + 288, a smaller one n + 32, and one of 256 at most 288. The
 * room is exactly that. A header of up to 256 bytes is written with the first segment (256 + 4,128
 * = 4,096 + 288), and one of any length within 16 pieces. After that nothing waits, and pieces of
 * 4,096 bytes are sealed straight from one buffer of the caller's into the other.
 *
 * Strict sealing. An update writes at most n + 32, however many segments it completes, so W grows
 * by 32 for each segment but one. The first update is refused unless H + n + 32 * s + 32 <= n + B:
 * so it and final together never write more than n + B, and final at most B - 32 of that if
 * something waits. A later update is refused unless W' <= B. If n <= P, then s <= 1, and W' <= W as
 * above: such pieces are never refused.
 *
 * Alignment. If an update of more than 8,192 bytes leaves L' > 0, it writes up to 31 bytes less, so
 * that 32 divides L'. The segments of the next update then have the same alignment as the caller's
 * buffer, which makes AES-GCM with wide vectors a few percent faster. This is done only while
 * W' + 64 <= B, so the bounds above still hold.
 *
 * Opening. When g bytes of a segment have arrived, W = L + max(0, g - 32). Each further byte adds
 * at most one to W, and headers add nothing. If nothing waits after an update, then W' <= P, since
 * no segment is longer than P + 32. Otherwise n + 32 bytes were written, and W' < W. So W <= P =
 * B - 32: final fits, and any update and final together stay within n + B.
 *
 * Re-wrapping. The output is as long as the input, except for the headers. What waits is at most
 * the new header's length, under B - 32, and each update takes 32 off it.
 */
#ifndef ENVELOPE_EMISSION_H
#define ENVELOPE_EMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What distinguishes ENVELOPE, ENVELOPE-64K and their strict variants. */
struct env_stream_kind {
    uint32_t segment_len; /* used for sealing; the longest accepted when opening */
    size_t block_size;    /* as returned by EVP_CIPHER_get_block_size */
    size_t large_update;  /* an update after one of fewer bytes is refused; 0: none is */
    bool strict;
    const char *advice; /* what to use for an update that is too large */
};

/* How much output of a message that is being sealed is made and written. */
struct env_emission {
    bool begun;     /* an update has been made: waiting no longer counts unwritten headers */
    size_t waiting; /* made but not written; at the first update, the headers */
    size_t filled;  /* plaintext in the current segment */
};

/* The segments that n more bytes of plaintext complete. */
size_t env_emission_segments(const struct env_stream_kind *kind, size_t filled, size_t n);

/* Sealing: the most that an update of n bytes that completes this many segments may write. */
size_t env_emission_allowance(const struct env_stream_kind *kind, size_t n, size_t segments);

/* How much of the waiting output it writes. It always fits. */
size_t env_emission_written(const struct env_stream_kind *kind, const struct env_emission *now,
                            size_t n);

/* Opening or re-wrapping: the most that an update may write. */
size_t env_emission_allowance_opening(size_t n);

/*
 * Whether an update of n bytes is allowed: its remainder must fit into final, and its size into
 * EVP's limits.
 */
bool env_emission_fits(const struct env_stream_kind *kind, const struct env_emission *now,
                       size_t n);

/* The longest update that fits now. */
size_t env_emission_most(const struct env_stream_kind *kind, const struct env_emission *now);

#endif
