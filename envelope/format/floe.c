/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/floe.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <string.h>

#define PARAMS_LEN 10u
#define SEGMENT_AAD_LEN 9u
#define HEADER_TAG_LEN 32u
#define NOT_LAST 0xFFFFFFFFu
#define MAX_SEGMENTS (UINT64_C(1) << 40)

static void put_be(uint8_t *out, uint64_t value, size_t len)
{
    for (size_t i = len; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

static uint32_t get_be32(const uint8_t in[4])
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

/* PARAM_ENCODE: AEAD 0, KDF 0, segment length, IV length. */
static void encode_params(const struct env_floe_params *params, uint8_t out[PARAMS_LEN])
{
    out[0] = 0;
    out[1] = 0;
    put_be(out + 2, params->segment_len, 4);
    put_be(out + 6, ENV_FLOE_IV_LEN, 4);
}

/* FLOE_KDF: HKDF-Expand(key, params || iv || purpose || aad). */
static ENV_RESULT floe_kdf(const struct env_floe *floe, struct env_span key,
                           struct env_span purpose, uint8_t *out, size_t out_len)
{
    uint8_t params[PARAMS_LEN];
    const struct env_span info[] = {
        {params, sizeof(params)}, {floe->iv, sizeof(floe->iv)}, purpose, floe->aad};

    encode_params(&floe->params, params);
    return env_hkdf_expand(floe->crypto, key, info, sizeof(info) / sizeof(info[0]), out, out_len);
}

/* The message key goes to the state, the header tag to the caller. */
static ENV_RESULT derive_from_dek(struct env_floe *floe, const uint8_t *dek,
                                  uint8_t header_tag[HEADER_TAG_LEN])
{
    static const char tag_purpose[] = "HEADER_TAG:";
    static const char key_purpose[] = "MESSAGE_KEY:";
    const struct env_span key = {dek, ENV_DEK_LEN};

    ENV_TRY(floe_kdf(floe, key,
                     (struct env_span){(const uint8_t *)tag_purpose, sizeof(tag_purpose) - 1},
                     header_tag, HEADER_TAG_LEN));
    return floe_kdf(floe, key,
                    (struct env_span){(const uint8_t *)key_purpose, sizeof(key_purpose) - 1},
                    floe->message_key, sizeof(floe->message_key));
}

/* DERIVE_KEY for the segment at floe->position; it is the same for 2^rotation segments. */
static ENV_RESULT set_segment_key(struct env_floe *floe, bool sealing)
{
    uint8_t purpose[4 + 8] = {'D', 'E', 'K', ':'};
    uint8_t key[32];
    uint64_t mask = (UINT64_C(1) << floe->params.rotation) - 1;
    ENV_RESULT r;

    put_be(purpose + 4, floe->position & ~mask, 8);
    r = floe_kdf(floe, (struct env_span){floe->message_key, sizeof(floe->message_key)},
                 (struct env_span){purpose, sizeof(purpose)}, key, sizeof(key));
    if (env_ok(r) && EVP_CipherInit_ex2(floe->gcm, env_crypto_gcm(floe->crypto), key, NULL,
                                        sealing ? 1 : 0, NULL) != 1)
        r = ENV_FAIL(ENV_R_CRYPTO_FAILED);
    OPENSSL_cleanse(key, sizeof(key));
    return r;
}

static ENV_RESULT begin(struct env_floe *floe, const struct env_crypto *crypto,
                        struct env_floe_params params, struct env_span aad)
{
    env_floe_clear(floe);
    floe->crypto = crypto;
    floe->params = params;
    floe->aad = aad;
    floe->next_draw = 2; /* a short message has one segment or two */
    floe->gcm = EVP_CIPHER_CTX_new();
    return floe->gcm != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

ENV_RESULT env_floe_seal_start(struct env_floe *floe, const struct env_crypto *crypto,
                               struct env_floe_params params, const uint8_t dek[ENV_DEK_LEN],
                               struct env_span aad, uint8_t header[ENV_FLOE_HEADER_LEN])
{
    ENV_TRY(begin(floe, crypto, params, aad));
    ENV_TRY(env_random_public(crypto, floe->iv, sizeof(floe->iv)));
    encode_params(&params, header);
    memcpy(header + PARAMS_LEN, floe->iv, sizeof(floe->iv));
    ENV_TRY(derive_from_dek(floe, dek, header + PARAMS_LEN + ENV_FLOE_IV_LEN));
    return set_segment_key(floe, true);
}

ENV_RESULT env_floe_segment_len(const uint8_t header[ENV_FLOE_HEADER_LEN], uint32_t *segment_len)
{
    uint8_t expected[PARAMS_LEN];
    struct env_floe_params params = {.segment_len = get_be32(header + 2)};

    encode_params(&params, expected);
    if (memcmp(header, expected, sizeof(expected)) != 0)
        return ENV_FAIL(ENV_R_BAD_FLOE_HEADER);
    *segment_len = params.segment_len;
    return ENV_OK;
}

ENV_RESULT env_floe_open_start(struct env_floe *floe, const struct env_crypto *crypto,
                               struct env_floe_params params, const uint8_t dek[ENV_DEK_LEN],
                               struct env_span aad, const uint8_t header[ENV_FLOE_HEADER_LEN])
{
    uint8_t tag[HEADER_TAG_LEN];
    uint32_t segment_len = 0;
    ENV_RESULT r;

    ENV_TRY(env_floe_segment_len(header, &segment_len));
    if (segment_len != params.segment_len)
        return ENV_FAIL(ENV_R_SEGMENT_LENGTH);
    ENV_TRY(begin(floe, crypto, params, aad));
    memcpy(floe->iv, header + PARAMS_LEN, sizeof(floe->iv));
    r = derive_from_dek(floe, dek, tag);
    if (env_ok(r) && CRYPTO_memcmp(tag, header + PARAMS_LEN + ENV_FLOE_IV_LEN, sizeof(tag)) != 0)
        r = ENV_FAIL(ENV_R_CONTEXT_MISMATCH);
    OPENSSL_cleanse(tag, sizeof(tag));
    ENV_TRY(r);
    return set_segment_key(floe, false);
}

/* A random IV that is used once. Drawn in growing batches: one draw costs about as much as ten. */
static ENV_RESULT draw_ivs(struct env_floe *floe)
{
    unsigned n = floe->next_draw;

    if (floe->ivs_used < floe->ivs_drawn)
        return ENV_OK;
    ENV_TRY(env_random_public(floe->crypto, floe->ivs[0], n * sizeof(floe->ivs[0])));
    floe->ivs_used = 0;
    floe->ivs_drawn = n;
    floe->next_draw = n * 4 < ENV_FLOE_IV_BATCH ? n * 4 : ENV_FLOE_IV_BATCH;
    return ENV_OK;
}

/* Checks that the segment may come now, moves to the next AES key where it is due. */
static ENV_RESULT enter_segment(struct env_floe *floe, bool last, bool sealing)
{
    uint64_t mask = (UINT64_C(1) << floe->params.rotation) - 1;

    if (floe->closed)
        return ENV_FAIL(ENV_R_MESSAGE_FINISHED);
    if (!last && floe->position == MAX_SEGMENTS - 1)
        return ENV_FAIL(ENV_R_MESSAGE_TOO_LONG);
    if (floe->position != 0 && (floe->position & mask) == 0)
        return set_segment_key(floe, sealing);
    return ENV_OK;
}

static void leave_segment(struct env_floe *floe, bool last)
{
    floe->position++;
    floe->closed = last;
}

static bool feed_aad(struct env_floe *floe, bool last)
{
    uint8_t aad[SEGMENT_AAD_LEN];
    int n = 0;

    put_be(aad, floe->position, 8);
    aad[8] = last ? 1 : 0;
    return EVP_CipherUpdate(floe->gcm, NULL, &n, aad, sizeof(aad)) == 1;
}

/* Feeds one piece; no piece is longer than a segment, so its length fits an int. */
static bool feed(struct env_floe *floe, struct env_span piece, uint8_t **out)
{
    int n = 0;

    if (piece.len == 0)
        return true;
    if (EVP_CipherUpdate(floe->gcm, *out, &n, piece.data, (int)piece.len) != 1)
        return false;
    *out += n;
    return n >= 0 && (size_t)n == piece.len;
}

ENV_RESULT env_floe_seal_segment(struct env_floe *floe, struct env_span head, struct env_span tail,
                                 bool last, uint8_t *out)
{
    const uint8_t *iv;
    size_t plain_len = head.len + tail.len;
    size_t full = env_floe_plain_len(&floe->params);
    uint8_t *p = out + ENV_FLOE_PREFIX_LEN + ENV_GCM_IV_LEN;
    OSSL_PARAM get_tag[] = {
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, ENV_GCM_TAG_LEN), OSSL_PARAM_END};
    int n = 0;

    if (last ? plain_len > full : plain_len != full)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(enter_segment(floe, last, true));
    ENV_TRY(draw_ivs(floe));
    iv = floe->ivs[floe->ivs_used++];
    put_be(out, last ? plain_len + ENV_FLOE_OVERHEAD : NOT_LAST, ENV_FLOE_PREFIX_LEN);
    memcpy(out + ENV_FLOE_PREFIX_LEN, iv, ENV_GCM_IV_LEN);
    if (EVP_EncryptInit_ex2(floe->gcm, NULL, NULL, iv, NULL) != 1 || !feed_aad(floe, last) ||
        !feed(floe, head, &p) || !feed(floe, tail, &p) ||
        EVP_EncryptFinal_ex(floe->gcm, p, &n) != 1)
        return ENV_FAIL(ENV_R_CRYPTO_FAILED);
    get_tag[0].data = p;
    if (EVP_CIPHER_CTX_get_params(floe->gcm, get_tag) != 1)
        return ENV_FAIL(ENV_R_CRYPTO_FAILED);
    leave_segment(floe, last);
    return ENV_OK;
}

ENV_RESULT env_floe_segment_prefix(const struct env_floe_params *params,
                                   const uint8_t prefix[ENV_FLOE_PREFIX_LEN], size_t *len,
                                   bool *last)
{
    uint32_t stated = get_be32(prefix);

    *last = stated != NOT_LAST;
    *len = *last ? stated : params->segment_len;
    if (*len < ENV_FLOE_OVERHEAD || *len > params->segment_len)
        return ENV_FAIL(ENV_R_BAD_SEGMENT_LENGTH);
    return ENV_OK;
}

/* AES-GCM goes on with this segment; tag_param may be NULL, the tag comes later then. */
static ENV_RESULT begin_opening(struct env_floe *floe, const uint8_t *head,
                                const OSSL_PARAM *tag_param)
{
    size_t len = 0;

    ENV_TRY(env_floe_segment_prefix(&floe->params, head, &len, &floe->opening_last));
    ENV_TRY(enter_segment(floe, floe->opening_last, false));
    if (EVP_DecryptInit_ex2(floe->gcm, NULL, NULL, head + ENV_FLOE_PREFIX_LEN, tag_param) != 1 ||
        !feed_aad(floe, floe->opening_last))
        return ENV_FAIL(ENV_R_CRYPTO_FAILED);
    return ENV_OK;
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
    return feed(floe, piece, &out) ? ENV_OK : ENV_FAIL(ENV_R_CRYPTO_FAILED);
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

/* What the pieces gave is encrypted once more, which gives what they were. */
static ENV_RESULT undo_pieces(struct env_floe *floe, uint8_t *pieces, size_t len)
{
    struct env_span plain = {pieces + ENV_FLOE_HEAD_LEN, len - ENV_FLOE_HEAD_LEN};
    uint8_t *to = pieces + ENV_FLOE_HEAD_LEN;

    ENV_TRY(set_segment_key(floe, true));
    if (EVP_EncryptInit_ex2(floe->gcm, NULL, NULL, pieces + ENV_FLOE_PREFIX_LEN, NULL) != 1 ||
        !feed(floe, plain, &to))
        return ENV_FAIL(ENV_R_CRYPTO_FAILED);
    return ENV_OK;
}

ENV_RESULT env_floe_copy_opening(struct env_floe *to, const struct env_floe *from,
                                 struct env_span aad, uint8_t *pieces, size_t pieces_len)
{
    ENV_TRY(begin(to, from->crypto, from->params, aad));
    to->position = from->position;
    to->closed = from->closed;
    memcpy(to->iv, from->iv, sizeof(to->iv));
    memcpy(to->message_key, from->message_key, sizeof(to->message_key));
    if (pieces_len > ENV_FLOE_HEAD_LEN)
        ENV_TRY(undo_pieces(to, pieces, pieces_len));
    /* derived anew instead of copying the AES context, which not every provider can */
    return set_segment_key(to, false);
}

void env_floe_clear(struct env_floe *floe)
{
    EVP_CIPHER_CTX_free(floe->gcm);
    OPENSSL_cleanse(floe, sizeof(*floe));
}
