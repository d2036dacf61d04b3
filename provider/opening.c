/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <string.h>

#include "copy.h"
#include "stream.h"

/* Up to this many bytes are copied to make a segment contiguous; beyond, AES-GCM gets two pieces.
 */
#define JOIN_MAX 8192u
#define GCM_TAG_LEN 16u
/* What a segment's first piece must hold for AES-GCM to begin: its length field and IV. */
#define HEAD_MIN (ENV_FLOE_PREFIX_LEN + ENV_GCM_IV_LEN)

/* ---- the headers ---- */

/* The segment length is judged before any token is asked: it tells which cipher to use. */
static ENV_RESULT accept_segment_len(const struct env_stream *stream, const uint8_t *floe_header,
                                     uint32_t *segment_len)
{
    ENV_TRY(env_floe_segment_len(floe_header, segment_len));
    if (*segment_len == env_stream_envelope.segment_len ||
        *segment_len == stream->kind->segment_len)
        return ENV_OK;
    if (*segment_len == env_stream_envelope_1m.segment_len)
        return ENV_FAIL(ENV_R_NEEDS_ENVELOPE_1M);
    return ENV_FAIL(ENV_R_SEGMENT_LENGTH);
}

static ENV_RESULT open_headers(struct env_stream *stream)
{
    const struct env_span der = {stream->headers, stream->headers_len - ENV_FLOE_HEADER_LEN};
    const uint8_t *floe_header = der.data + der.len;
    struct env_floe_params params = {0, ENV_FLOE_ROTATION};
    struct env_header *header = NULL;
    ENV_RESULT r;

    ENV_TRY(env_dek_read_header(der, ENV_CONTENT_MESSAGE, &header));
    r = accept_segment_len(stream, floe_header, &params.segment_len);
    if (env_ok(r))
        r = env_dek_open_header(stream->dek_context, header, der, stream->dek);
    OPENSSL_free(header);
    ENV_TRY(r);
    r = env_floe_open_start(&stream->floe, stream->dek_context->crypto, params, stream->dek,
                            (struct env_span){stream->context, stream->context_len}, floe_header);
    OPENSSL_cleanse(stream->dek, sizeof(stream->dek));
    ENV_TRY(r);
    OPENSSL_free(stream->headers);
    stream->headers = NULL;
    stream->headers_len = 0;
    stream->headers_filled = 0;
    stream->state = ENV_STREAM_BODY;
    return ENV_OK;
}

/* ---- the segments ---- */

/* Opens one full segment, straight into the output where it may be written now. */
static ENV_RESULT open_full(struct env_stream *stream, struct env_io *io, struct env_span head,
                            struct env_span tail)
{
    size_t plain = head.len + tail.len - ENV_FLOE_OVERHEAD;
    size_t n = 0;
    uint8_t *to;

    env_stream_drain(stream, io);
    if (stream->backlog.len == 0 && env_io_room(io) >= plain) {
        ENV_TRY(env_floe_open_segment(&stream->floe, head, tail, io->out + io->written, &n));
        io->written += n;
        return ENV_OK;
    }
    to = env_backlog_reserve(&stream->backlog, plain);
    if (to == NULL)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(env_floe_open_segment(&stream->floe, head, tail, to, &n));
    stream->backlog.len += n;
    return ENV_OK;
}

/*
 * The next segment's IV and tag are read before its ciphertext, so no hardware prefetcher sees them
 * coming: asked for now, they are there by then (a tenth of the time of opening, measured).
 */
static void prefetch_next(const struct env_io *io, size_t len)
{
    if (io->in_len >= 2 * len) {
        __builtin_prefetch(io->in + len);
        __builtin_prefetch(io->in + 2 * len - GCM_TAG_LEN);
    }
}

/*
 * A segment that lies whole in the input is opened from there. The last one is not: it waits in the
 * stream until final has seen that nothing follows.
 */
static ENV_RESULT open_in_place(struct env_stream *stream, struct env_io *io, bool *done)
{
    size_t len = stream->floe.params.segment_len;
    size_t stated = 0;
    bool last = false;

    *done = false;
    if (stream->segment_filled > 0 || io->in_len < len)
        return ENV_OK;
    ENV_TRY(env_floe_segment_prefix(&stream->floe.params, io->in, &stated, &last));
    if (last)
        return ENV_OK;
    prefetch_next(io, len);
    ENV_TRY(open_full(stream, io, (struct env_span){io->in, len}, (struct env_span){NULL, 0}));
    io->in += len;
    io->in_len -= len;
    *done = true;
    return ENV_OK;
}

/* The rest of a large segment is opened from the input, when both pieces are of use to AES-GCM. */
static bool opens_in_two_pieces(const struct env_stream *stream, const struct env_io *io,
                                size_t missing, bool last)
{
    return !last && missing > JOIN_MAX && io->in_len >= missing &&
           stream->segment_filled >= HEAD_MIN && missing >= GCM_TAG_LEN;
}

/* Adds input to the segment in the making and opens it when it is complete. */
static ENV_RESULT gather_segment(struct env_stream *stream, struct env_io *io)
{
    struct env_span tail = {NULL, 0};
    size_t len = 0;
    bool last = false;

    if (stream->segment_filled < HEAD_MIN)
        env_stream_filled(stream, env_io_take(io, stream->segment + stream->segment_filled,
                                              HEAD_MIN - stream->segment_filled));
    if (stream->segment_filled < ENV_FLOE_PREFIX_LEN)
        return ENV_OK;
    ENV_TRY(env_floe_segment_prefix(&stream->floe.params, stream->segment, &len, &last));
    if (opens_in_two_pieces(stream, io, len - stream->segment_filled, last)) {
        tail = (struct env_span){io->in, len - stream->segment_filled};
        io->in += tail.len;
        io->in_len -= tail.len;
    } else {
        stream->segment_filled +=
            env_io_take(io, stream->segment + stream->segment_filled, len - stream->segment_filled);
    }
    if (stream->segment_filled + tail.len < len)
        return ENV_OK;
    if (last) {
        stream->state = ENV_STREAM_HELD;
        return ENV_OK;
    }
    ENV_TRY(
        open_full(stream, io, (struct env_span){stream->segment, stream->segment_filled}, tail));
    stream->segment_filled = 0;
    return ENV_OK;
}

static ENV_RESULT open_input(struct env_stream *stream, struct env_io *io)
{
    while (io->in_len > 0) {
        bool done = false;

        if (stream->state == ENV_STREAM_HELD)
            return ENV_FAIL(ENV_R_TRAILING_DATA);
        if (stream->state == ENV_STREAM_HEADER) {
            bool complete = false;

            ENV_TRY(env_stream_collect_headers(stream, io, &complete));
            if (complete)
                ENV_TRY(open_headers(stream));
            continue;
        }
        ENV_TRY(open_in_place(stream, io, &done));
        if (!done)
            ENV_TRY(gather_segment(stream, io));
    }
    env_stream_drain(stream, io);
    return ENV_OK;
}

ENV_RESULT env_opening_update(struct env_stream *stream, struct env_io *io)
{
    ENV_TRY(env_stream_check_state(stream));
    ENV_TRY(env_stream_admit(stream, io, 1));
    if (stream->state == ENV_STREAM_NEW)
        stream->state = ENV_STREAM_HEADER;
    return env_stream_run(stream, io, open_input);
}

/* Nothing follows a sealed key's header, which is no truncation but the wrong kind of thing. */
static bool is_sealed_key(const struct env_stream *stream)
{
    const struct env_span der = {stream->headers, stream->headers_len - ENV_FLOE_HEADER_LEN};
    struct env_header *header = NULL;
    bool sealed_key = stream->headers_filled == der.len &&
                      env_ok(env_dek_read_header(der, ENV_CONTENT_SEALED_KEY, &header));

    OPENSSL_free(header);
    return sealed_key;
}

/* What is missing when final comes before the last segment. */
static ENV_RESULT check_complete(const struct env_stream *stream)
{
    if (stream->state == ENV_STREAM_HELD)
        return ENV_OK;
    if (stream->headers != NULL && is_sealed_key(stream))
        return ENV_FAIL(ENV_R_WRONG_CONTENT);
    return ENV_FAIL(ENV_R_TRUNCATED);
}

ENV_RESULT env_opening_final(struct env_stream *stream, struct env_io *io)
{
    const struct env_span nothing = {NULL, 0};
    size_t n = 0;

    ENV_TRY(env_stream_check_state(stream));
    ENV_TRY(check_complete(stream));
    if (io->out == NULL)
        return ENV_FAIL(ENV_R_NO_OUTPUT_BUFFER);
    io->allowance = io->out_size;
    if (io->out_size < stream->backlog.len + stream->segment_filled - ENV_FLOE_OVERHEAD)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    env_stream_drain(stream, io);
    ENV_TRY(env_floe_open_segment(&stream->floe,
                                  (struct env_span){stream->segment, stream->segment_filled},
                                  nothing, io->out + io->written, &n));
    io->written += n;
    env_stream_reset(stream);
    stream->state = ENV_STREAM_DONE;
    return ENV_OK;
}
