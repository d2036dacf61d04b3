/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/format/floe.h"

#include <openssl/crypto.h>
#include <stddef.h>
#include <string.h>

#include "envelope/format/big_endian.h"
#include "envelope/format/random.h"

#define PARAMS_LEN 10u
#define HEADER_TAG_LEN 32u
#define FIRST_IVS 2u /* a short message has one or two segments */

/* PARAM_ENCODE: AEAD 0, KDF 0, segment length, IV length. */
static void encode_params(const struct env_floe_params *params, uint8_t out[PARAMS_LEN])
{
    out[0] = 0;
    out[1] = 0;
    env_put_be32(out + 2, params->segment_len);
    env_put_be32(out + 6, ENV_FLOE_IV_LEN);
}

typedef ENV_RESULT expand_fn(struct env_prk *prk, const struct env_span *info, size_t info_count,
                             uint8_t *out, size_t out_len);

/* FLOE_KDF: HKDF-Expand(key, params || iv || purpose || aad). */
static ENV_RESULT floe_kdf(const struct env_floe *floe, struct env_prk *prk, expand_fn *expand,
                           struct env_span purpose, uint8_t *out, size_t out_len)
{
    uint8_t params[PARAMS_LEN];
    const struct env_span info[] = {
        {params, sizeof(params)}, {floe->iv, sizeof(floe->iv)}, purpose, floe->aad};

    encode_params(&floe->params, params);
    return expand(prk, info, sizeof(info) / sizeof(info[0]), out, out_len);
}

/* The state gets the message key, and the caller the header tag; dek has no key afterwards. */
static ENV_RESULT derive_from_dek(struct env_floe *floe, struct env_prk *dek,
                                  uint8_t header_tag[HEADER_TAG_LEN])
{
    static const char tag_purpose[] = "HEADER_TAG:";
    static const char key_purpose[] = "MESSAGE_KEY:";

    ENV_TRY(floe_kdf(floe, dek, env_prk_expand,
                     (struct env_span){(const uint8_t *)tag_purpose, sizeof(tag_purpose) - 1},
                     header_tag, HEADER_TAG_LEN));
    return floe_kdf(floe, dek, env_prk_expand_last,
                    (struct env_span){(const uint8_t *)key_purpose, sizeof(key_purpose) - 1},
                    floe->message_key, sizeof(floe->message_key));
}

/*
 * DERIVE_KEY for the segment at floe->position; 2^rotation segments share a key. prk has no key
 * afterwards.
 */
static ENV_RESULT set_segment_key_with(struct env_floe *floe, const struct env_crypto *crypto,
                                       struct env_prk *prk)
{
    const struct env_span message_key = {floe->message_key, sizeof(floe->message_key)};
    uint8_t purpose[4 + 8] = {'D', 'E', 'K', ':'};
    uint64_t mask = (UINT64_C(1) << floe->params.rotation) - 1;

    env_put_be64(purpose + 4, floe->position & ~mask);
    ENV_TRY(env_prk_set(prk, crypto, message_key));
    ENV_TRY(floe_kdf(floe, prk, env_prk_expand_last, (struct env_span){purpose, sizeof(purpose)},
                     floe->key, sizeof(floe->key)));
    floe->key_due = true;
    return ENV_OK;
}

ENV_RESULT env_floe_set_segment_key(struct env_floe *floe, const struct env_crypto *crypto)
{
    struct env_prk prk = {0};
    ENV_RESULT r = set_segment_key_with(floe, crypto, &prk);

    env_prk_clear(&prk);
    return r;
}

ENV_RESULT env_floe_start(struct env_floe *floe, const struct env_crypto *crypto,
                          struct env_floe_params params, struct env_span aad)
{
    env_floe_clear(floe);
    floe->crypto = crypto;
    floe->params = params;
    floe->aad = aad;
    floe->next_draw = FIRST_IVS;
    floe->gcm = env_gcm_take(crypto);
    return floe->gcm != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

/* All random bytes of a short message, in one draw. */
static ENV_RESULT draw_first(struct env_floe *floe, const struct env_crypto *crypto)
{
    uint8_t drawn[ENV_FLOE_IV_LEN + FIRST_IVS * ENV_GCM_IV_LEN];

    ENV_TRY(env_random_public(crypto, drawn, sizeof(drawn)));
    memcpy(floe->iv, drawn, sizeof(floe->iv));
    memcpy(floe->ivs, drawn + sizeof(floe->iv), sizeof(drawn) - sizeof(floe->iv));
    floe->ivs_drawn = FIRST_IVS;
    floe->next_draw = FIRST_IVS * 4;
    OPENSSL_cleanse(drawn, sizeof(drawn));
    return ENV_OK;
}

/* In growing batches: one draw costs about as much as ten. */
ENV_RESULT env_floe_draw_ivs(struct env_floe *floe, const struct env_crypto *crypto)
{
    unsigned n = floe->next_draw;

    ENV_TRY(env_random_public(crypto, floe->ivs[0], n * sizeof(floe->ivs[0])));
    floe->ivs_used = 0;
    floe->ivs_drawn = n;
    floe->next_draw = n * 4 < ENV_FLOE_IV_BATCH ? n * 4 : ENV_FLOE_IV_BATCH;
    return ENV_OK;
}

ENV_RESULT env_floe_seal_start_under(struct env_floe *floe, struct env_prk *prk,
                                     struct env_floe_params params, struct env_span aad,
                                     uint8_t header[ENV_FLOE_HEADER_LEN])
{
    ENV_TRY(env_floe_start(floe, prk->crypto, params, aad));
    ENV_TRY(draw_first(floe, prk->crypto));
    encode_params(&params, header);
    memcpy(header + PARAMS_LEN, floe->iv, sizeof(floe->iv));
    ENV_TRY(derive_from_dek(floe, prk, header + PARAMS_LEN + ENV_FLOE_IV_LEN));
    return set_segment_key_with(floe, prk->crypto, prk);
}

ENV_RESULT env_floe_seal_start(struct env_floe *floe, const struct env_crypto *crypto,
                               struct env_floe_params params, const uint8_t dek[ENV_DEK_LEN],
                               struct env_span aad, uint8_t header[ENV_FLOE_HEADER_LEN])
{
    struct env_prk prk = {0};
    ENV_RESULT r = env_prk_set(&prk, crypto, (struct env_span){dek, ENV_DEK_LEN});

    if (env_ok(r))
        r = env_floe_seal_start_under(floe, &prk, params, aad, header);
    env_prk_clear(&prk);
    return r;
}

ENV_RESULT env_floe_segment_len(const uint8_t header[ENV_FLOE_HEADER_LEN], uint32_t *segment_len)
{
    uint8_t expected[PARAMS_LEN];
    struct env_floe_params params = {.segment_len = env_get_be32(header + 2)};

    encode_params(&params, expected);
    if (memcmp(header, expected, sizeof(expected)) != 0)
        return ENV_FAIL(ENV_R_BAD_FLOE_HEADER);
    *segment_len = params.segment_len;
    return ENV_OK;
}

ENV_RESULT env_floe_open_start_under(struct env_floe *floe, struct env_prk *prk,
                                     struct env_floe_params params, struct env_span aad,
                                     const uint8_t header[ENV_FLOE_HEADER_LEN])
{
    uint8_t tag[HEADER_TAG_LEN];
    uint32_t segment_len = 0;
    ENV_RESULT r;

    ENV_TRY(env_floe_segment_len(header, &segment_len));
    if (segment_len != params.segment_len)
        return ENV_FAIL(ENV_R_SEGMENT_LENGTH);
    ENV_TRY(env_floe_start(floe, prk->crypto, params, aad));
    memcpy(floe->iv, header + PARAMS_LEN, sizeof(floe->iv));
    r = derive_from_dek(floe, prk, tag);
    if (env_ok(r) && CRYPTO_memcmp(tag, header + PARAMS_LEN + ENV_FLOE_IV_LEN, sizeof(tag)) != 0)
        r = ENV_FAIL(ENV_R_CONTEXT_MISMATCH);
    OPENSSL_cleanse(tag, sizeof(tag));
    ENV_TRY(r);
    return set_segment_key_with(floe, prk->crypto, prk);
}

ENV_RESULT env_floe_open_start(struct env_floe *floe, const struct env_crypto *crypto,
                               struct env_floe_params params, const uint8_t dek[ENV_DEK_LEN],
                               struct env_span aad, const uint8_t header[ENV_FLOE_HEADER_LEN])
{
    struct env_prk prk = {0};
    ENV_RESULT r = env_prk_set(&prk, crypto, (struct env_span){dek, ENV_DEK_LEN});

    if (env_ok(r))
        r = env_floe_open_start_under(floe, &prk, params, aad, header);
    env_prk_clear(&prk);
    return r;
}

void env_floe_clear(struct env_floe *floe)
{
    if (floe->crypto != NULL)
        env_gcm_give(floe->crypto, floe->gcm);
    /* each batch of IVs is at least as large as the one before */
    OPENSSL_cleanse(floe, offsetof(struct env_floe, ivs) + floe->ivs_drawn * sizeof(floe->ivs[0]));
}
