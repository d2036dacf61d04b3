/* SPDX-License-Identifier: Apache-2.0 */
#include "floe_pair.h"

#include <string.h>

struct env_crypto *crypto;
struct env_floe sealing;
struct env_floe opening;
uint8_t floe_dek[ENV_DEK_LEN];
uint8_t floe_header[ENV_FLOE_HEADER_LEN];
const struct env_span floe_aad = {(const uint8_t *)"context", 7};
const struct env_floe_params short_params = {SHORT_SEGMENT, ENV_FLOE_ROTATION};

void floe_pair_set_up(void)
{
    crypto = env_crypto_new(NULL, NULL);
    ck_assert_ptr_nonnull(crypto);
    ck_assert(env_ok(env_crypto_ready(crypto)));
    memset(floe_dek, 0x17, sizeof(floe_dek));
}

void floe_pair_tear_down(void)
{
    env_floe_clear(&sealing);
    env_floe_clear(&opening);
    env_crypto_free(crypto);
}

void start_with(struct env_floe_params params)
{
    ck_demand(
        env_ok(env_floe_seal_start(&sealing, crypto, params, floe_dek, floe_aad, floe_header)) &&
            env_ok(env_floe_open_start(&opening, crypto, params, floe_dek, floe_aad, floe_header)),
        "a message cannot be begun");
}

struct env_span span(const void *data, size_t len)
{
    return (struct env_span){data, len};
}

int seal_one(const uint8_t *plain, size_t len, bool last, uint8_t *out)
{
    return (int)env_floe_seal_segment(&sealing, span(plain, len), span(NULL, 0), last, out).reason;
}

int open_one(struct env_floe *floe, const uint8_t *segment, size_t len, uint8_t *out,
             size_t *out_len)
{
    return (int)env_floe_open_segment(floe, span(segment, len), out, out_len).reason;
}

int open_in_pieces(struct env_floe *floe, const uint8_t *segment, size_t len, size_t cut,
                   uint8_t *out, size_t *out_len)
{
    const uint8_t *ciphertext = segment + ENV_FLOE_HEAD_LEN;
    size_t plain = len - ENV_FLOE_OVERHEAD;
    size_t first = cut < plain ? cut : plain;
    ENV_RESULT r = env_floe_open_begin(floe, segment);

    if (env_ok(r))
        r = env_floe_open_piece(floe, span(ciphertext, first), out);
    if (env_ok(r))
        r = env_floe_open_piece(floe, span(ciphertext + first, plain - first), out + first);
    if (env_ok(r))
        r = env_floe_open_end(floe, ciphertext + plain);
    *out_len = env_ok(r) ? plain : 0;
    return (int)r.reason;
}
