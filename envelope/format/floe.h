/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FLOE (c2sp.org/FLOE): the body of a message. AES-256-GCM and HKDF-Expand-SHA-384, an IV of 32
 * bytes; the segment length is a parameter. A segment is 4 bytes of length (FFFFFFFF for all but
 * the last), 12 of IV, the ciphertext, and 16 of tag.
 *
 * This file knows no EVP_CIPHER contract, no PKCS#11 and no OpenSSL core: segments in, segments
 * out.
 */
#ifndef ENVELOPE_FLOE_H
#define ENVELOPE_FLOE_H

#include "envelope/format/crypto.h"
#include "envelope/message/kek.h"

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
    const struct env_crypto *crypto;
    struct env_floe_params params;
    struct env_span aad; /* the caller's, must stay as long as the object */
    EVP_CIPHER_CTX *gcm;
    uint64_t position; /* of the next segment */
    bool closed;       /* the last segment was written or read */
    bool opening_last; /* what env_floe_open_begin saw */
    uint8_t iv[ENV_FLOE_IV_LEN];
    uint8_t message_key[48];
    /* Sealing: IVs drawn ahead, [ivs_used, ivs_drawn) still unused */
    unsigned ivs_used;
    unsigned ivs_drawn;
    unsigned next_draw;
    uint8_t ivs[ENV_FLOE_IV_BATCH][ENV_GCM_IV_LEN];
};

/* The plaintext bytes of a full segment. */
static inline size_t env_floe_plain_len(const struct env_floe_params *params)
{
    return params->segment_len - ENV_FLOE_OVERHEAD;
}

/* Begins a message under dek and writes FLOE's header. The DEK is not needed afterwards. */
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

/*
 * Seals one segment: head followed by tail is its plaintext (a full segment's, unless last), out
 * takes it with ENV_FLOE_OVERHEAD bytes more. out overlaps neither.
 */
ENV_RESULT env_floe_seal_segment(struct env_floe *floe, struct env_span head, struct env_span tail,
                                 bool last, uint8_t *out);

/*
 * What the length field at the start of a segment says: *len is the whole segment's length, *last
 * whether it is the last. BAD_SEGMENT_LENGTH for one that no segment can have.
 */
ENV_RESULT env_floe_segment_prefix(const struct env_floe_params *params,
                                   const uint8_t prefix[ENV_FLOE_PREFIX_LEN], size_t *len,
                                   bool *last);

/*
 * Opens one segment that is there as a whole. out takes its plaintext and does not overlap it. When
 * the segment does not verify, out is wiped and BAD_SEGMENT returned.
 */
ENV_RESULT env_floe_open_segment(struct env_floe *floe, struct env_span segment, uint8_t *out,
                                 size_t *out_len);

/*
 * Opens one segment as it comes: its length field and IV, its ciphertext in pieces of any size (out
 * takes as much plaintext; it may be the very piece), its tag. What the pieces gave is not verified
 * before open_end has succeeded, and is the caller's to wipe when it has not.
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

#endif
