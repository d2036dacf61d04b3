/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FLOE (c2sp.org/FLOE): the body of a message. AES-256-GCM and HKDF-Expand-SHA-384, an IV of 32
 * bytes; the segment length is a parameter. A segment is 4 bytes of length (FFFFFFFF for all but
 * the last), 12 of IV, the ciphertext, and 16 of tag.
 *
 * It knows no EVP_CIPHER contract, no PKCS#11 and no OpenSSL core: segments in, segments out.
 * floe.c has the header and the keys, floe_segment.c the segments.
 */
#ifndef ENVELOPE_FLOE_H
#define ENVELOPE_FLOE_H

#include "envelope/format/crypto.h"
#include "envelope/format/wrapped.h"

#define ENV_FLOE_HEADER_LEN 74u /* parameters 10, IV 32, header tag 32 */
#define ENV_FLOE_OVERHEAD 32u   /* bytes that a segment is longer than its plaintext */
#define ENV_FLOE_PREFIX_LEN 4u  /* a segment's length field */
#define ENV_FLOE_IV_LEN 32u
#define ENV_FLOE_ROTATION 20u /* a new AES key every 2^20 segments */
#define ENV_FLOE_IV_BATCH 128u
#define ENV_GCM_IV_LEN 12u
#define ENV_GCM_TAG_LEN 16u
#define ENV_FLOE_HEAD_LEN 16u /* a segment's length field and IV */

struct env_floe_params {
    uint32_t segment_len; /* bytes of a full segment, more than ENV_FLOE_OVERHEAD */
    unsigned rotation;    /* log2 of the segments under one AES key; FLOE's is 20, vectors differ */
};

/* Lives in secret memory: it holds the message key. */
struct env_floe {
    /* What each segment asks for comes first, in one cache line. */
    const struct env_crypto *crypto;
    EVP_CIPHER_CTX *gcm;
    struct env_floe_params params;
    uint64_t position; /* of the next segment */
    bool closed;       /* the last segment was written or read */
    bool opening_last; /* what env_floe_open_begin saw */
    bool key_due;      /* gcm is to get key with the next IV: once is cheaper than twice */
    unsigned ivs_used; /* sealing: of ivs, [ivs_used, ivs_drawn) are drawn ahead and unused */
    unsigned ivs_drawn;
    unsigned next_draw;
    struct env_span aad; /* the caller's, must stay as long as the object */
    uint8_t iv[ENV_FLOE_IV_LEN];
    uint8_t message_key[48];
    uint8_t key[32];
    uint8_t ivs[ENV_FLOE_IV_BATCH][ENV_GCM_IV_LEN];
};

/* The plaintext bytes of a full segment. */
static inline size_t env_floe_plain_len(const struct env_floe_params *params)
{
    return params->segment_len - ENV_FLOE_OVERHEAD;
}

/*
 * Begins a message under the DEK that prk has and writes FLOE's header. Afterwards prk has the
 * message key; the DEK is not needed.
 */
ENV_RESULT env_floe_seal_start_under(struct env_floe *floe, struct env_prk *prk,
                                     struct env_floe_params params, struct env_span aad,
                                     uint8_t header[ENV_FLOE_HEADER_LEN]);

/* The same with a DEK that nothing else is expanded from. */
ENV_RESULT env_floe_seal_start(struct env_floe *floe, const struct env_crypto *crypto,
                               struct env_floe_params params, const uint8_t dek[ENV_DEK_LEN],
                               struct env_span aad, uint8_t header[ENV_FLOE_HEADER_LEN]);

/*
 * Reads the segment length that a FLOE header states, so that the caller can choose. Fails with
 * BAD_FLOE_HEADER when any other parameter is not the one above.
 */
ENV_RESULT env_floe_segment_len(const uint8_t header[ENV_FLOE_HEADER_LEN], uint32_t *segment_len);

/* Begins to open a message. A header tag that does not verify is CONTEXT_MISMATCH. */
ENV_RESULT env_floe_open_start(struct env_floe *floe, const struct env_crypto *crypto,
                               struct env_floe_params params, const uint8_t dek[ENV_DEK_LEN],
                               struct env_span aad, const uint8_t header[ENV_FLOE_HEADER_LEN]);

/* As env_floe_seal_start_under. */
ENV_RESULT env_floe_open_start_under(struct env_floe *floe, struct env_prk *prk,
                                     struct env_floe_params params, struct env_span aad,
                                     const uint8_t header[ENV_FLOE_HEADER_LEN]);

/*
 * Seals one segment: head followed by tail is its plaintext (a full segment's, unless last), out
 * takes it with ENV_FLOE_OVERHEAD bytes more. out overlaps neither.
 */
ENV_RESULT env_floe_seal_segment(struct env_floe *floe, struct env_span head, struct env_span tail,
                                 bool last, uint8_t *out);

/*
 * The same for a full segment that is not the last and that goes to two places: its first bytes to
 * out, at least ENV_FLOE_HEAD_LEN and none of its tag, and the others to rest.
 */
ENV_RESULT env_floe_seal_cut(struct env_floe *floe, struct env_span head, struct env_span tail,
                             uint8_t *out, size_t first, uint8_t *rest);

/*
 * What the length field at the start of a segment says: *len is the whole segment's length, *last
 * whether it is the last. BAD_SEGMENT_LENGTH for one that no segment can have.
 */
ENV_RESULT env_floe_segment_prefix(const struct env_floe_params *params,
                                   const uint8_t prefix[ENV_FLOE_PREFIX_LEN], size_t *len,
                                   bool *last);

/*
 * Opening: the segment of that number comes next, whichever came before, the last one too. What is
 * opened then verifies at that place alone.
 */
ENV_RESULT env_floe_seek(struct env_floe *floe, uint64_t position);

/*
 * Opens one complete segment. out takes its plaintext and does not overlap it. When the segment
 * does not verify, out is wiped and BAD_SEGMENT returned.
 */
ENV_RESULT env_floe_open_segment(struct env_floe *floe, struct env_span segment, uint8_t *out,
                                 size_t *out_len);

/*
 * Opens one segment as it comes: its length field and IV, its ciphertext in pieces of any size (out
 * takes as much plaintext; it may be the very piece), its tag. The output of the pieces is not
 * verified until open_end has succeeded; if it fails, the caller wipes that output.
 */
ENV_RESULT env_floe_open_begin(struct env_floe *floe, const uint8_t head[ENV_FLOE_HEAD_LEN]);
ENV_RESULT env_floe_open_piece(struct env_floe *floe, struct env_span piece, uint8_t *out);
ENV_RESULT env_floe_open_end(struct env_floe *floe, const uint8_t tag[ENV_GCM_TAG_LEN]);

/*
 * Copies an opening state into *to; a sealing one is never copied (its IVs would repeat). Of a
 * segment that has been begun, `pieces` is what came of it, with its head: turned back into the
 * ciphertext, for the copy to begin it anew. (Not every provider copies an AES-GCM context.)
 */
ENV_RESULT env_floe_copy_opening(struct env_floe *to, const struct env_floe *from,
                                 struct env_span aad, uint8_t *pieces, size_t pieces_len);

/* Wipes the state. May be called on a zeroed one. */
void env_floe_clear(struct env_floe *floe);

/* ---- shared by floe.c and floe_segment.c ---- */

/*
 * The AES key for the segment at floe->position, which is the same for 2^rotation segments. crypto
 * is floe's, see floe_segment.c.
 */
ENV_RESULT env_floe_set_segment_key(struct env_floe *floe, const struct env_crypto *crypto);

/* More IVs for segments; those that there were have been used. */
ENV_RESULT env_floe_draw_ivs(struct env_floe *floe, const struct env_crypto *crypto);

/* Turns what came of a segment that has been begun, its head in front, into its ciphertext. */
ENV_RESULT env_floe_undo_pieces(struct env_floe *floe, uint8_t *pieces, size_t len);

#endif
