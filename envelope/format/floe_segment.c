/* SPDX-License-Identifier: Apache-2.0 */
/* One segment after the other, sealed and opened: what bulk speed depends on. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <string.h>

#include "envelope/format/big_endian.h"
#include "envelope/format/floe.h"

#define SEGMENT_AAD_LEN 9u
#define NOT_LAST 0xFFFFFFFFu
#define MAX_SEGMENTS (UINT64_C(1) << 40)

/*
 * What a segment is worked on with, read from the state once: when a signal handler forks, the
 * child goes on with a sealing state that is all zero (its output is dropped, see sealing.c).
 */
struct tools {
    const struct env_crypto *crypto;
    EVP_CIPHER_CTX *gcm;
};

static struct tools tools_of(const struct env_floe *floe)
{
    return (struct tools){floe->crypto, floe->gcm};
}

/* ---- AES-GCM over one segment ---- */

static ENV_RESULT init_gcm(struct env_floe *floe, struct tools with, const uint8_t *iv,
                           bool sealing, const OSSL_PARAM *params)
{
    ENV_RESULT r;

    if (!floe->key_due)
        return env_gcm_init(with.crypto, with.gcm, NULL, iv, sealing, params);
    r = env_gcm_init(with.crypto, with.gcm, floe->key, iv, sealing, params);
    OPENSSL_cleanse(floe->key, sizeof(floe->key));
    floe->key_due = false;
    return r;
}

/* Checks that the segment may come now, moves to the next AES key where it is due. */
static ENV_RESULT enter_segment(struct env_floe *floe, struct tools with, bool last)
{
    uint64_t mask = (UINT64_C(1) << floe->params.rotation) - 1;

    if (floe->closed)
        return ENV_FAIL(ENV_R_MESSAGE_FINISHED);
    if (!last && floe->position == MAX_SEGMENTS - 1)
        return ENV_FAIL(ENV_R_MESSAGE_TOO_LONG);
    if (floe->position != 0 && (floe->position & mask) == 0)
        return env_floe_set_segment_key(floe, with.crypto);
    return ENV_OK;
}

static void leave_segment(struct env_floe *floe, bool last)
{
    floe->position++;
    floe->closed = last;
}

static bool feed_aad(const struct env_floe *floe, struct tools with, bool last)
{
    uint8_t aad[SEGMENT_AAD_LEN];
    int n = 0;

    env_put_be64(aad, floe->position);
    aad[8] = last ? 1 : 0;
    return EVP_CipherUpdate(with.gcm, NULL, &n, aad, sizeof(aad)) == 1;
}

/* Feeds one piece; no piece is longer than a segment, so its length fits an int. */
static bool feed(struct tools with, struct env_span piece, uint8_t *out)
{
    int n = 0;

    return piece.len == 0 ||
           (EVP_CipherUpdate(with.gcm, out, &n, piece.data, (int)piece.len) == 1 && n >= 0 &&
            (size_t)n == piece.len);
}

/* ---- sealing ---- */

/* Writes the length field and the IV to out, and begins the segment. */
static ENV_RESULT begin_sealing(struct env_floe *floe, struct tools with, uint32_t stated,
                                bool last, uint8_t *out)
{
    const uint8_t *iv;

    ENV_TRY(enter_segment(floe, with, last));
    if (floe->ivs_used >= floe->ivs_drawn)
        ENV_TRY(env_floe_draw_ivs(floe, with.crypto));
    iv = floe->ivs[floe->ivs_used++];
    env_put_be32(out, stated);
    memcpy(out + ENV_FLOE_PREFIX_LEN, iv, ENV_GCM_IV_LEN);
    ENV_TRY(init_gcm(floe, with, iv, true, NULL));
    return feed_aad(floe, with, last) ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

/* The ciphertext is complete: writes its tag. */
static ENV_RESULT end_sealing(struct env_floe *floe, struct tools with, bool last, uint8_t *tag)
{
    OSSL_PARAM get_tag[] = {
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, ENV_GCM_TAG_LEN), OSSL_PARAM_END};
    int n = 0;

    if (EVP_EncryptFinal_ex(with.gcm, tag, &n) != 1 ||
        EVP_CIPHER_CTX_get_params(with.gcm, get_tag) != 1)
        return ENV_FAIL(ENV_R_CRYPTO_FAILED);
    leave_segment(floe, last);
    return ENV_OK;
}

ENV_RESULT env_floe_seal_segment(struct env_floe *floe, struct env_span head, struct env_span tail,
                                 bool last, uint8_t *out)
{
    const struct tools with = tools_of(floe);
    const size_t plain_len = head.len + tail.len;
    const size_t full = env_floe_plain_len(&floe->params);
    uint8_t *to = out + ENV_FLOE_HEAD_LEN;

    if (with.gcm == NULL || (last ? plain_len > full : plain_len != full))
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(begin_sealing(floe, with, last ? (uint32_t)plain_len + ENV_FLOE_OVERHEAD : NOT_LAST,
                          last, out));
    if (!feed(with, head, to) || !feed(with, tail, to + head.len))
        return ENV_FAIL(ENV_R_CRYPTO_FAILED);
    return end_sealing(floe, with, last, to + plain_len);
}

/* The segment's plaintext, in two pieces, from one place on, and as long as it is wanted. */
static bool feed_part(struct tools with, struct env_span head, struct env_span tail, size_t from,
                      size_t len, uint8_t *out)
{
    const size_t of_head = from < head.len ? head.len - from : 0;
    const size_t first = of_head < len ? of_head : len;
    const size_t skipped = from > head.len ? from - head.len : 0;

    return (first == 0 || feed(with, (struct env_span){head.data + from, first}, out)) &&
           (first == len ||
            feed(with, (struct env_span){tail.data + skipped, len - first}, out + first));
}

ENV_RESULT env_floe_seal_cut(struct env_floe *floe, struct env_span head, struct env_span tail,
                             uint8_t *out, size_t first, uint8_t *rest)
{
    const struct tools with = tools_of(floe);
    const size_t full = env_floe_plain_len(&floe->params);
    size_t here;

    /* the tag goes where the last byte of ciphertext goes, which so must be `rest` */
    if (with.gcm == NULL || head.len + tail.len != full || first < ENV_FLOE_HEAD_LEN ||
        first >= ENV_FLOE_HEAD_LEN + full)
        return ENV_FAIL(ENV_R_INTERNAL);
    here = first - ENV_FLOE_HEAD_LEN;
    ENV_TRY(begin_sealing(floe, with, NOT_LAST, false, out));
    if (!feed_part(with, head, tail, 0, here, out + ENV_FLOE_HEAD_LEN) ||
        !feed_part(with, head, tail, here, full - here, rest))
        return ENV_FAIL(ENV_R_CRYPTO_FAILED);
    return end_sealing(floe, with, false, rest + full - here);
}

/* ---- opening ---- */

ENV_RESULT env_floe_segment_prefix(const struct env_floe_params *params,
                                   const uint8_t prefix[ENV_FLOE_PREFIX_LEN], size_t *len,
                                   bool *last)
{
    uint32_t stated = env_get_be32(prefix);

    *last = stated != NOT_LAST;
    *len = *last ? stated : params->segment_len;
    if (*len < ENV_FLOE_OVERHEAD || *len > params->segment_len)
        return ENV_FAIL(ENV_R_BAD_SEGMENT_LENGTH);
    return ENV_OK;
}

ENV_RESULT env_floe_seek(struct env_floe *floe, uint64_t position)
{
    if (position >= MAX_SEGMENTS)
        return ENV_FAIL(ENV_R_MESSAGE_TOO_LONG);
    floe->position = position;
    floe->closed = false;
    return env_floe_set_segment_key(floe, floe->crypto);
}

/* AES-GCM goes on with this segment; tag_param may be NULL, the tag comes later then. */
static ENV_RESULT begin_opening(struct env_floe *floe, const uint8_t *head,
                                const OSSL_PARAM *tag_param)
{
    const struct tools with = tools_of(floe);
    size_t len = 0;

    ENV_TRY(env_floe_segment_prefix(&floe->params, head, &len, &floe->opening_last));
    ENV_TRY(enter_segment(floe, with, floe->opening_last));
    ENV_TRY(init_gcm(floe, with, head + ENV_FLOE_PREFIX_LEN, false, tag_param));
    return feed_aad(floe, with, floe->opening_last) ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

/* The tag is known to libcrypto: is it the right one? */
static ENV_RESULT end_opening(struct env_floe *floe)
{
    uint8_t nothing[ENV_GCM_TAG_LEN];
    int n = 0;

    if (EVP_DecryptFinal_ex(floe->gcm, nothing, &n) != 1)
        return ENV_FAIL(ENV_R_BAD_SEGMENT);
    leave_segment(floe, floe->opening_last);
    return ENV_OK;
}

ENV_RESULT env_floe_open_segment(struct env_floe *floe, struct env_span segment, uint8_t *out,
                                 size_t *out_len)
{
    uint8_t tag[ENV_GCM_TAG_LEN];
    const OSSL_PARAM set_tag[] = {
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, sizeof(tag)), OSSL_PARAM_END};
    struct env_span ciphertext;
    size_t stated = 0;
    bool last = false;
    ENV_RESULT r;

    *out_len = 0;
    if (segment.len < ENV_FLOE_PREFIX_LEN)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(env_floe_segment_prefix(&floe->params, segment.data, &stated, &last));
    if (stated != segment.len)
        return ENV_FAIL(ENV_R_INTERNAL);
    ciphertext = (struct env_span){segment.data + ENV_FLOE_HEAD_LEN, stated - ENV_FLOE_OVERHEAD};
    memcpy(tag, ciphertext.data + ciphertext.len, sizeof(tag));
    ENV_TRY(begin_opening(floe, segment.data, set_tag));
    r = env_floe_open_piece(floe, ciphertext, out);
    if (env_ok(r))
        r = end_opening(floe);
    if (env_ok(r))
        *out_len = ciphertext.len;
    else /* what was decrypted on the way to the tag must not stay with the caller */
        OPENSSL_cleanse(out, ciphertext.len);
    return r;
}

ENV_RESULT env_floe_open_begin(struct env_floe *floe, const uint8_t head[ENV_FLOE_HEAD_LEN])
{
    return begin_opening(floe, head, NULL);
}

ENV_RESULT env_floe_open_piece(struct env_floe *floe, struct env_span piece, uint8_t *out)
{
    return feed(tools_of(floe), piece, out) ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

ENV_RESULT env_floe_open_end(struct env_floe *floe, const uint8_t tag[ENV_GCM_TAG_LEN])
{
    uint8_t copy[ENV_GCM_TAG_LEN];
    const OSSL_PARAM set_tag[] = {
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, copy, sizeof(copy)), OSSL_PARAM_END};

    memcpy(copy, tag, sizeof(copy));
    if (EVP_CIPHER_CTX_set_params(floe->gcm, set_tag) != 1)
        return ENV_FAIL(ENV_R_CRYPTO_FAILED);
    return end_opening(floe);
}

/* ---- copying ---- */

/*
 * Turns the output of a partly opened segment, with its head in front, back into ciphertext, by
 * encrypting it once more.
 */
static ENV_RESULT undo_pieces(struct env_floe *floe, uint8_t *pieces, size_t len)
{
    const struct env_span plain = {pieces + ENV_FLOE_HEAD_LEN, len - ENV_FLOE_HEAD_LEN};

    ENV_TRY(env_floe_set_segment_key(floe, floe->crypto));
    ENV_TRY(init_gcm(floe, tools_of(floe), pieces + ENV_FLOE_PREFIX_LEN, true, NULL));
    return feed(tools_of(floe), plain, pieces + ENV_FLOE_HEAD_LEN) ? ENV_OK
                                                                   : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

ENV_RESULT env_floe_copy_opening(struct env_floe *to, const struct env_floe *from,
                                 struct env_span aad, uint8_t *pieces, size_t pieces_len)
{
    ENV_TRY(env_floe_start(to, from->crypto, from->params, aad));
    to->position = from->position;
    to->closed = from->closed;
    memcpy(to->iv, from->iv, sizeof(to->iv));
    memcpy(to->message_key, from->message_key, sizeof(to->message_key));
    if (pieces_len > ENV_FLOE_HEAD_LEN)
        ENV_TRY(undo_pieces(to, pieces, pieces_len));
    /* derived again, because not every provider can copy an AES context */
    return env_floe_set_segment_key(to, to->crypto);
}
