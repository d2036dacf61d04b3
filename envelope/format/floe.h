/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FLOE (c2sp.org/FLOE): the body of a message. AES-256-GCM and HKDF-Expand-SHA-384, with an IV of
 * 32 bytes; the segment length is a parameter. A segment has 4 bytes of length (FFFFFFFF for all
 * but the last), 12 of IV, the ciphertext, and 16 of tag.
 *
 * This code does not depend on EVP_CIPHER's contract, on PKCS#11 or on OpenSSL's core: segments go
 * in, and segments come out. floe.c has the header and the keys, floe_segment.c the segments and
 * copying.
 */
#ifndef ENVELOPE_FLOE_H
#define ENVELOPE_FLOE_H

#include "envelope/format/crypto.h"
#include "envelope/format/wrapped.h"

#define ENV_FLOE_HEADER_LEN 74u /* parameters 10, IV 32, header tag 32 */
#define ENV_FLOE_OVERHEAD 32u   /* by how many bytes a segment is longer than its plaintext */
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

/* Lives in secret memory, because it contains the message key. */
struct env_floe {
    /* What each segment needs comes first, in one cache line. */
    const struct env_crypto *crypto;
    EVP_CIPHER_CTX *gcm;
    struct env_floe_params params;
    uint64_t position; /* of the next segment */
    bool closed;       /* the last segment was written or read */
    bool opening_last; /* what env_floe_open_begin found */
    bool key_due; /* gcm must be given the key with the next IV: one call is cheaper than two */
    unsigned ivs_used; /* sealing: IVs from ivs_used to ivs_drawn are unused */
    unsigned ivs_drawn;
    unsigned next_draw;
    struct env_span aad; /* the caller's; must outlive the object */
    uint8_t iv[ENV_FLOE_IV_LEN];
    uint8_t message_key[48];
    uint8_t key[32];
    uint8_t ivs[ENV_FLOE_IV_BATCH][ENV_GCM_IV_LEN];
};

/* The plaintext length of a full segment. */
static inline size_t env_floe_plain_len(const struct env_floe_params *params)
{
    return params->segment_len - ENV_FLOE_OVERHEAD;
}

/*
 * Begins a message under the DEK in prk, and writes FLOE's header. Afterwards prk has the message
 * key; the DEK is no longer needed.
 */
ENV_RESULT env_floe_seal_start_under(struct env_floe *floe, struct env_prk *prk,
                                     struct env_floe_params params, struct env_span aad,
                                     uint8_t header[ENV_FLOE_HEADER_LEN]);

/* The same with a DEK from which nothing else is expanded. */
ENV_RESULT env_floe_seal_start(struct env_floe *floe, const struct env_crypto *crypto,
                               struct env_floe_params params, const uint8_t dek[ENV_DEK_LEN],
                               struct env_span aad, uint8_t header[ENV_FLOE_HEADER_LEN]);

/*
 * Reads the segment length from a FLOE header, so that the caller can choose. Fails with
 * BAD_FLOE_HEADER if any other parameter differs from the ones above.
 */
ENV_RESULT env_floe_segment_len(const uint8_t header[ENV_FLOE_HEADER_LEN], uint32_t *segment_len);

/* Begins to open a message. Fails with CONTEXT_MISMATCH if the header tag does not verify. */
ENV_RESULT env_floe_open_start(struct env_floe *floe, const struct env_crypto *crypto,
                               struct env_floe_params params, const uint8_t dek[ENV_DEK_LEN],
                               struct env_span aad, const uint8_t header[ENV_FLOE_HEADER_LEN]);

/* Works like env_floe_seal_start_under. */
ENV_RESULT env_floe_open_start_under(struct env_floe *floe, struct env_prk *prk,
                                     struct env_floe_params params, struct env_span aad,
                                     const uint8_t header[ENV_FLOE_HEADER_LEN]);

/*
 * Seals one segment: head followed by tail is its plaintext (a full segment's, unless last). out
 * must have room for it and ENV_FLOE_OVERHEAD more bytes, and must not overlap either.
 */
ENV_RESULT env_floe_seal_segment(struct env_floe *floe, struct env_span head, struct env_span tail,
                                 bool last, uint8_t *out);

/*
 * The same for a full segment that is not the last, with its output in two parts: the first bytes
 * go to out (at least ENV_FLOE_HEAD_LEN, and none of the tag), and the others to rest.
 */
ENV_RESULT env_floe_seal_cut(struct env_floe *floe, struct env_span head, struct env_span tail,
                             uint8_t *out, size_t first, uint8_t *rest);

/*
 * Parses the length field at the start of a segment: *len is the whole segment's length, *last
 * whether it is the last. Fails with BAD_SEGMENT_LENGTH if no segment can have that length.
 */
ENV_RESULT env_floe_segment_prefix(const struct env_floe_params *params,
                                   const uint8_t prefix[ENV_FLOE_PREFIX_LEN], size_t *len,
                                   bool *last);

/*
 * Opening: the segment with this number comes next, whichever came before, even the last one. What
 * is opened then verifies only at that position.
 */
ENV_RESULT env_floe_seek(struct env_floe *floe, uint64_t position);

/*
 * Opens one complete segment. out must have room for its plaintext and must not overlap it. If the
 * segment does not verify, out is wiped and BAD_SEGMENT returned.
 */
ENV_RESULT env_floe_open_segment(struct env_floe *floe, struct env_span segment, uint8_t *out,
                                 size_t *out_len);

/*
 * Opens one segment as it arrives: its length field and IV, its ciphertext in pieces of any size
 * (out has room for as much plaintext, and may be the piece itself), its tag. The output is not
 * verified until open_end has succeeded; if that fails, the caller wipes the output.
 */
ENV_RESULT env_floe_open_begin(struct env_floe *floe, const uint8_t head[ENV_FLOE_HEAD_LEN]);
ENV_RESULT env_floe_open_piece(struct env_floe *floe, struct env_span piece, uint8_t *out);
ENV_RESULT env_floe_open_end(struct env_floe *floe, const uint8_t tag[ENV_GCM_TAG_LEN]);

/*
 * Copies an opening state into *to. A sealing state is never copied, because its IVs would repeat.
 * If a segment has been begun, `pieces` is its output so far, with its head. It is turned back into
 * ciphertext, from which the copy begins again. (Not every provider can copy an AES-GCM context.)
 */
ENV_RESULT env_floe_copy_opening(struct env_floe *to, const struct env_floe *from,
                                 struct env_span aad, uint8_t *pieces, size_t pieces_len);

/* Wipes the state. Accepts a zeroed one. */
void env_floe_clear(struct env_floe *floe);

/* ---- floe.c's, for floe_segment.c ---- */

/* A state with these parameters and nothing else; what it contained is wiped. */
ENV_RESULT env_floe_start(struct env_floe *floe, const struct env_crypto *crypto,
                          struct env_floe_params params, struct env_span aad);

/*
 * The AES key for the segment at floe->position, which 2^rotation segments share. crypto is floe's,
 * see floe_segment.c.
 */
ENV_RESULT env_floe_set_segment_key(struct env_floe *floe, const struct env_crypto *crypto);

/* Draws more IVs for segments; all earlier ones have been used. */
ENV_RESULT env_floe_draw_ivs(struct env_floe *floe, const struct env_crypto *crypto);

#endif
