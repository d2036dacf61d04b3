/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The segment reader. An input is a list of pieces for it: a segment of one message, whole,
 * altered, cut or in two pieces, or bytes that are no segment. A segment opens if and only if it is
 * the next one and unchanged, and then to what was sealed.
 */
#include <string.h>

#include "envelope/format/floe.h"
#include "fuzz.h"

#define SEGMENT 80u
#define PLAIN (SEGMENT - ENV_FLOE_OVERHEAD)
#define POSITIONS 12u
#define UNTOUCHED 0xA5

static const struct env_floe_params params = {SEGMENT, 2}; /* a new AES key every 4 segments */
static const struct env_span aad = {(const uint8_t *)"context", 7};
static const uint8_t dek[ENV_DEK_LEN] = {0x17};
static struct env_crypto *crypto;
static uint8_t floe_header[ENV_FLOE_HEADER_LEN];

/* For every position a full segment, and a last one of some length. */
static uint8_t plain[POSITIONS][PLAIN];
static uint8_t segments[POSITIONS][2][SEGMENT];
static size_t lengths[POSITIONS][2];

static void seal(struct env_floe *floe, size_t position, bool last)
{
    size_t len = last ? position * 5 % (PLAIN + 1) : PLAIN;

    /* the same position twice: the AES key is that of its turn, since positions come in order */
    floe->position = position;
    floe->closed = false;
    for (size_t i = 0; i < len; i++)
        plain[position][i] = (uint8_t)(position * 16 + i);
    FUZZ_DEMAND(
        env_ok(env_floe_seal_segment(floe, (struct env_span){plain[position], len},
                                     (struct env_span){NULL, 0}, last, segments[position][last])));
    lengths[position][last] = len + ENV_FLOE_OVERHEAD;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static struct env_floe floe;

    (void)argc;
    (void)argv;
    crypto = env_crypto_new(NULL, NULL);
    FUZZ_DEMAND(crypto != NULL && env_ok(env_crypto_ready(crypto)));
    FUZZ_DEMAND(env_ok(env_floe_seal_start(&floe, crypto, params, dek, aad, floe_header)));
    for (size_t position = 0; position < POSITIONS; position++) {
        seal(&floe, position, false);
        seal(&floe, position, true);
    }
    env_floe_clear(&floe);
    return 0;
}

struct model {
    struct env_floe *floe;
    size_t position;
    bool closed;
};

/* Opens a segment, whole or in two pieces; pieces that no caller gives are refused here. */
static ENV_RESULT open_segment(struct env_floe *floe, struct env_span head, struct env_span tail,
                               uint8_t *out, size_t *n)
{
    const struct env_span first = {head.data + ENV_FLOE_HEAD_LEN, head.len - ENV_FLOE_HEAD_LEN};
    const struct env_span second = {tail.data, tail.len - ENV_GCM_TAG_LEN};
    size_t stated = 0;
    bool last = false;
    ENV_RESULT r;

    if (tail.len == 0)
        return env_floe_open_segment(floe, head, out, n);
    *n = 0;
    if (head.len < ENV_FLOE_HEAD_LEN || tail.len < ENV_GCM_TAG_LEN)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(env_floe_segment_prefix(&floe->params, head.data, &stated, &last));
    if (stated != head.len + tail.len)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(env_floe_open_begin(floe, head.data));
    r = env_floe_open_piece(floe, first, out);
    if (env_ok(r))
        r = env_floe_open_piece(floe, second, out + first.len);
    if (env_ok(r))
        r = env_floe_open_end(floe, second.data + second.len);
    if (env_ok(r))
        *n = first.len + second.len;
    else
        memset(out, 0, first.len + second.len); /* the caller's to wipe */
    return r;
}

/* Gives the reader a segment in two pieces (the second may be empty) and checks what comes. */
static void give(struct model *model, const uint8_t *bytes, size_t len, size_t split, bool good,
                 size_t position, bool last)
{
    uint8_t out[SEGMENT + 16];
    size_t n = 1;
    uint8_t *head = malloc(split);
    uint8_t *tail = malloc(len - split);
    ENV_RESULT r;

    FUZZ_DEMAND(head != NULL && tail != NULL);
    memcpy(head, bytes, split);
    memcpy(tail, bytes + split, len - split);
    memset(out, UNTOUCHED, sizeof(out));
    r = open_segment(model->floe, (struct env_span){head, split},
                     (struct env_span){tail, len - split}, out, &n);
    free(head);
    free(tail);
    FUZZ_DEMAND(env_ok(r) == (good && position == model->position && !model->closed));
    if (!env_ok(r)) {
        FUZZ_DEMAND(n == 0 && model->floe->position == model->position &&
                    model->floe->closed == model->closed);
        for (size_t i = 0; i < sizeof(out); i++)
            FUZZ_DEMAND(out[i] == UNTOUCHED || (i < PLAIN && out[i] == 0));
        return;
    }
    FUZZ_DEMAND(n == lengths[position][last] - ENV_FLOE_OVERHEAD);
    FUZZ_DEMAND(memcmp(out, plain[position], n) == 0);
    for (size_t i = n; i < sizeof(out); i++)
        FUZZ_DEMAND(out[i] == UNTOUCHED);
    model->position++;
    model->closed = last;
}

/* A segment of the message, as the input has it. */
static void give_segment(struct model *model, struct fuzz_input *in, uint8_t what)
{
    uint8_t bytes[SEGMENT];
    uint8_t where = fuzz_byte(in);
    size_t position = (what & 1) != 0 ? model->position % POSITIONS : where % POSITIONS;
    bool last = (what & 2) != 0;
    size_t len = lengths[position][last];
    size_t split = len;
    bool pieces = true; /* pieces that the reader takes */
    bool good = true;

    memcpy(bytes, segments[position][last], len);
    if ((what & 4) != 0) {
        size_t at = fuzz_byte(in) % len;
        uint8_t with = fuzz_byte(in);

        bytes[at] ^= with;
        good = with == 0;
    }
    if ((what & 8) != 0) {
        size_t cut = fuzz_byte(in) % (len + 1);

        good = good && cut == len;
        len = cut;
    }
    if ((what & 16) != 0) {
        split = fuzz_byte(in) % (len + 1);
        pieces = split == len || (split >= 16 && len - split >= 16);
    } else {
        split = len;
    }
    give(model, bytes, len, split, good && pieces, position, last);
}

static void give_bytes(struct model *model, struct fuzz_input *in)
{
    uint8_t bytes[SEGMENT];
    size_t len = fuzz_byte(in) % (SEGMENT + 1);
    size_t stated = 0;
    bool last = false;

    for (size_t i = 0; i < len; i++)
        bytes[i] = fuzz_byte(in);
    if (len >= ENV_FLOE_PREFIX_LEN &&
        env_ok(env_floe_segment_prefix(&model->floe->params, bytes, &stated, &last)))
        FUZZ_DEMAND(stated >= ENV_FLOE_OVERHEAD && stated <= SEGMENT);
    give(model, bytes, len, len, false, 0, false);
}

/* The reader goes on as a copy of itself. */
static void copy(struct model *model, struct env_floe *spare)
{
    struct env_floe *from = model->floe;

    FUZZ_DEMAND(env_ok(env_floe_copy_opening(spare, from, aad, NULL, 0)));
    env_floe_clear(from);
    *from = *spare;
    memset(spare, 0, sizeof(*spare));
}

/* FLOE's header with bytes changed opens nothing, and one that was not does. */
static bool begin(struct env_floe *floe, struct fuzz_input *in)
{
    uint8_t header[ENV_FLOE_HEADER_LEN];
    uint8_t at = fuzz_byte(in);
    uint8_t with = fuzz_byte(in);
    uint32_t segment_len = 0;
    ENV_RESULT r;

    memcpy(header, floe_header, sizeof(header));
    if (at < 2 * ENV_FLOE_HEADER_LEN)
        header[at % ENV_FLOE_HEADER_LEN] ^= with;
    else
        with = 0;
    if (env_ok(env_floe_segment_len(header, &segment_len)))
        FUZZ_DEMAND(segment_len == SEGMENT || with != 0);
    r = env_floe_open_start(floe, crypto, params, dek, aad, header);
    FUZZ_DEMAND(env_ok(r) == (with == 0));
    return env_ok(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct env_floe floe;
    static struct env_floe spare;
    struct fuzz_input in = {data, size};
    struct model model = {&floe, 0, false};
    bool begun = begin(&floe, &in);

    while (begun && in.len > 0) {
        uint8_t what = fuzz_byte(&in);

        if (what >= 0xF0)
            copy(&model, &spare);
        else if (what >= 0xE0)
            give_bytes(&model, &in);
        else
            give_segment(&model, &in, what);
    }
    env_floe_clear(&floe);
    return 0;
}
