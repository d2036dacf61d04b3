/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/cat_body.h"

#include <openssl/crypto.h>

#include "envelope/base/secret.h"

#define PIECE (256u * 1024u) /* the most to read at a time: whole segments */

/* Lives in secret memory, followed by the buffers. */
struct reading {
    const struct tool_cat *cat;
    struct env_floe floe;
    uint8_t dek[ENV_DEK_LEN];
    uint64_t body_at; /* where the first segment begins */
    uint64_t plain;   /* plaintext bytes of a full segment */
    uint64_t from;    /* the requested part of the plaintext */
    uint64_t to;
    size_t size; /* of this whole block */
    size_t piece;
    uint8_t *in;
    uint8_t *opened;
    uint8_t *last; /* the last segment's plaintext */
    size_t last_len;
    uint8_t buffers[];
};

static ENV_RESULT open_headers(struct reading *reading)
{
    const struct tool_cat *cat = reading->cat;
    const struct tool_message *message = cat->message;
    const struct env_floe_params params = {message->segment_len, ENV_FLOE_ROTATION};
    ENV_RESULT r;

    ENV_TRY(env_dek_open_header(cat->dek, &message->header, message->der, reading->dek));
    r = env_floe_open_start(&reading->floe, cat->dek->crypto, params, reading->dek, cat->context,
                            message->bytes + message->der.len);
    OPENSSL_cleanse(reading->dek, sizeof(reading->dek));
    if (r.reason != ENV_R_CONTEXT_MISMATCH)
        return r;
    return env_context_mismatch(
        cat->dek->errors, tool_context_source(cat->context, cat->configured), cat->context.len);
}

/* Reads at a position of the message. If it is missing, the message is truncated. */
static ENV_RESULT read_all(const struct reading *reading, uint64_t at, uint8_t *to, size_t len)
{
    size_t got = 0;

    ENV_TRY(reading->cat->read(reading->cat->arg, at, to, len, &got));
    return got == len ? ENV_OK : ENV_FAIL(ENV_R_TRUNCATED);
}

/* Opens a segment that must be the last one, or must not be. */
static ENV_RESULT open_segment(struct reading *reading, struct env_span segment, bool last,
                               uint8_t *out, size_t *out_len)
{
    size_t stated = 0;
    bool is_last = false;

    ENV_TRY(env_floe_segment_prefix(&reading->floe.params, segment.data, &stated, &is_last));
    if (is_last && !last)
        return ENV_FAIL(ENV_R_TRAILING_DATA);
    if (is_last != last || stated > segment.len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    if (stated < segment.len)
        return ENV_FAIL(ENV_R_TRAILING_DATA);
    return env_floe_open_segment(&reading->floe, segment, out, out_len);
}

static uint64_t last_number(const struct reading *reading)
{
    return (reading->cat->message->last_at - reading->body_at) / reading->floe.params.segment_len;
}

static ENV_RESULT open_last(struct reading *reading)
{
    const struct tool_message *message = reading->cat->message;

    ENV_TRY(read_all(reading, message->last_at, reading->in, message->last_len));
    ENV_TRY(env_floe_seek(&reading->floe, last_number(reading)));
    return open_segment(reading, (struct env_span){reading->in, message->last_len}, true,
                        reading->last, &reading->last_len);
}

/* Outputs those bytes of a segment's plaintext that belong to the part. */
static ENV_RESULT give(const struct reading *reading, uint64_t number, const uint8_t *plain,
                       size_t len)
{
    const uint64_t begin = number * reading->plain;
    const uint64_t end = begin + len;
    const uint64_t from = reading->from > begin ? reading->from : begin;
    const uint64_t to = reading->to < end ? reading->to : end;

    if (from >= to)
        return ENV_OK;
    return reading->cat->give(reading->cat->arg,
                              (struct env_span){plain + (from - begin), (size_t)(to - from)});
}

/* Outputs segments from one number up to another, as many as fit in one piece. */
static ENV_RESULT give_piece(struct reading *reading, uint64_t number, uint64_t end)
{
    const size_t segment_len = reading->floe.params.segment_len;
    const size_t count = (size_t)(end - number);

    ENV_TRY(read_all(reading, reading->body_at + number * segment_len, reading->in,
                     count * segment_len));
    for (size_t i = 0; i < count; i++) {
        size_t len = 0;

        ENV_TRY(open_segment(reading, (struct env_span){reading->in + i * segment_len, segment_len},
                             false, reading->opened, &len));
        ENV_TRY(give(reading, number + i, reading->opened, len));
    }
    return ENV_OK;
}

static ENV_RESULT give_part(struct reading *reading)
{
    const uint64_t last = last_number(reading);
    const uint64_t in_piece = reading->piece / reading->floe.params.segment_len;
    uint64_t number = reading->from / reading->plain;
    uint64_t end = (reading->to + reading->plain - 1) / reading->plain; /* the end of the part */

    end = end < last ? end : last;
    if (number < end)
        ENV_TRY(env_floe_seek(&reading->floe, number));
    while (number < end) {
        uint64_t next = end - number < in_piece ? end : number + in_piece;

        ENV_TRY(give_piece(reading, number, next));
        number = next;
    }
    return give(reading, last, reading->last, reading->last_len);
}

static ENV_RESULT read_part(struct reading *reading)
{
    const struct tool_cat *cat = reading->cat;
    const uint64_t plain_len = cat->message->plain_len;

    reading->body_at = cat->message->der.len + ENV_FLOE_HEADER_LEN;
    ENV_TRY(open_headers(reading));
    reading->plain = env_floe_plain_len(&reading->floe.params);
    ENV_TRY(open_last(reading)); /* verifies the length, which was only claimed before */
    if (cat->offset > plain_len)
        return ENV_RAISE(cat->dek->errors, ENV_R_RANGE_PAST_END, "it has %llu bytes",
                         (unsigned long long)plain_len);
    reading->from = cat->offset;
    reading->to = cat->length < plain_len - cat->offset ? cat->offset + cat->length : plain_len;
    return reading->from < reading->to ? give_part(reading) : ENV_OK;
}

static ENV_RESULT judge(const struct tool_cat *cat)
{
    const struct tool_message *message = cat->message;

    if (message->header.content == ENV_CONTENT_NAMED_KEY)
        return ENV_FAIL(ENV_R_IS_NAMED_KEY);
    if (message->header.content != ENV_CONTENT_MESSAGE)
        return ENV_FAIL(ENV_R_WRONG_CONTENT);
    if (cat->context.len > ENV_CONTEXT_MAX)
        return ENV_FAIL(ENV_R_CONTEXT_TOO_LONG);
    return message->end == ENV_R_NONE ? ENV_OK : ENV_FAIL(message->end);
}

ENV_RESULT tool_cat_body(const struct tool_cat *cat)
{
    struct reading *reading;
    size_t segment_len = cat->message->segment_len;
    size_t piece;
    size_t size;
    ENV_RESULT r;

    ENV_TRY(judge(cat));
    piece = PIECE / segment_len * segment_len;
    size = sizeof(*reading) + piece + 2 * segment_len;
    reading = env_secret_alloc(size);
    if (reading == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    reading->cat = cat;
    reading->size = size;
    reading->piece = piece;
    reading->in = reading->buffers;
    reading->opened = reading->in + piece;
    reading->last = reading->opened + segment_len;
    r = read_part(reading);
    env_floe_clear(&reading->floe);
    env_secret_free(reading, size);
    return r;
}
