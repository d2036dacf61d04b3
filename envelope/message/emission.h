/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much each call writes, and why that is enough. Arithmetic alone: no byte is touched here.
 *
 * libcrypto lets an update write inl + block size, and final a block. Real callers have less.
 * BIO_f_cipher, and so `openssl enc` and CMS, hands on pieces of up to 4,096 bytes (8,192 from 4.0
 * on) when it is written to, and has room for a piece and 288 bytes; when it is read from, 256
 * bytes at a time with room for 288, past which lies input that was not read yet. Ruby has inl +
 * 32, PHP one buffer of inl + block size for one update and final together. Hence, for an update of
 * n bytes that completes s segments:
 *
 *   sealing               at most n + 32 * max(1, s); from n = 4,096 on n + max(32 * s, 288)
 *   strict ones, sealing  at most n + 32
 *   opening, re-wrapping  at most n + 32
 *
 * What may not be written yet waits. Final writes at most the block size B, which is a segment's
 * length: P + 32, P bytes of plaintext in it. The header and FLOE's, H bytes, count as made by the
 * first update; we write none with H > 4,064 = 4,128 - 64.
 *
 * Sealing. W is what final would write now: L bytes that wait, and a last segment of the r < P
 * bytes that make no full one yet, L + r + 32 in all. An update that writes w bytes leaves
 *
 *   W' = W + n + 32 * s - w        (the first: W = H + 32)
 *
 * since every byte taken is written, waits or is in r, and every segment adds 32. Either nothing
 * waits afterwards, then W' = r' + 32 < B. Or the update wrote all that it may; that is at least
 * n + 32 * s, so W' <= W. Hence W < max(H + 32, B) + 1 = B + 1 at all times, whatever the updates
 * are: final fits. (32 * s > B is refused: EVP's own contract ends there.)
 *
 * BIO_f_cipher. r + n < 2 * 4,096 for n <= 4,096, so s <= 1, and s <= 2 for n <= 8,192: a piece of
 * 4,096 bytes and more writes at most n + 288, a smaller one n + 32, one of 256 at most 288. That
 * is what there is room for, to the byte. A header of up to 256 bytes leaves with the first segment
 * (256 + 4,128 = 4,096 + 288) and one of any length within 16 pieces; then nothing waits, and
 * pieces of 4,096 bytes are sealed from the caller's buffer straight into the caller's buffer for
 * good.
 *
 * Strict sealing. An update writes at most n + 32 whatever it completes, so W grows by 32 for each
 * segment but one. The first update is refused unless H + n + 32 * s + 32 <= n + B: so what it and
 * final write together never exceeds n + B; of that, final writes at most B - 32 where something
 * waits for it. A later one is refused unless W' <= B. With s <= 1, so for n <= P, W' <= W as
 * above: such pieces are never refused.
 *
 * Alignment. Where an update of more than 8,192 bytes leaves L' > 0, it writes up to 31 bytes less,
 * so that 32 divides L': the segments of the next update then lie on the same boundaries as the
 * caller's buffer, which AES-GCM with wide vectors is a few percent faster for. Only while W' + 64
 * <= B, so the bounds above hold as they stand.
 *
 * Opening. g bytes of a segment have come, W = L + max(0, g - 32). A byte that comes adds at most
 * one to W, headers nothing. Either nothing waits after an update, then W' <= P, since no segment
 * is longer than P + 32; or n + 32 bytes were written and W' < W. So W <= P = B - 32: final fits,
 * and an update and final together stay within n + B for every update.
 *
 * Re-wrapping. As much comes out as goes in but for the headers: what waits is at most the new
 * one's length, under B - 32, and each update takes 32 off it.
 */
#ifndef ENVELOPE_EMISSION_H
#define ENVELOPE_EMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What tells ENVELOPE, ENVELOPE-64K and their strict sisters from each other. */
struct env_stream_kind {
    uint32_t segment_len; /* that it seals with, and the longest that it opens */
    size_t block_size;    /* as EVP_CIPHER_get_block_size says */
    size_t large_update;  /* 0, or: an update that follows one of fewer bytes is refused */
    bool strict;
    const char *advice; /* what takes an update that is too large */
};

/* Bytes of a message that is being sealed, as far as output goes. */
struct env_emission {
    bool begun; /* an update has been: waiting has no header in it that is still to be told of */
    size_t waiting; /* made and not written; at the first update the headers */
    size_t filled;  /* plaintext of the segment in the making */
};

/* Segments that n more bytes of plaintext complete. */
size_t env_emission_segments(const struct env_stream_kind *kind, size_t filled, size_t n);

/* The most that an update of n bytes that completes so many segments writes, sealing. */
size_t env_emission_allowance(const struct env_stream_kind *kind, size_t n, size_t segments);

/* What it writes of what there is then. It fits. */
size_t env_emission_written(const struct env_stream_kind *kind, const struct env_emission *now,
                            size_t n);

/* The most that one writes when it opens or re-wraps. */
size_t env_emission_allowance_opening(size_t n);

/* Whether an update of n bytes may be: what it leaves must fit into final, and what it needs EVP.
 */
bool env_emission_fits(const struct env_stream_kind *kind, const struct env_emission *now,
                       size_t n);

/* The longest update that fits now. */
size_t env_emission_most(const struct env_stream_kind *kind, const struct env_emission *now);

#endif
