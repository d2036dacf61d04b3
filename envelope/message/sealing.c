/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/copy.h"
#include "envelope/base/fork_generation.h"
#include "envelope/message/stream.h"

/* Up to this many bytes are copied to make a segment contiguous; beyond, AES-GCM gets two pieces.
 */
#define JOIN_MAX 8192u

static size_t plain_len(const struct env_stream *stream)
{
    return stream->kind->segment_len - ENV_FLOE_OVERHEAD;
}

/* The DEK exists from here on: no copies of the context, no other process. */
static ENV_RESULT begin_message(struct env_stream *stream, const struct env_selector *selector)
{
    const struct env_floe_params params = {stream->kind->segment_len, ENV_FLOE_ROTATION};
    uint8_t *der = NULL;
    size_t der_len = 0;
    uint8_t *to;
    ENV_RESULT r;

    stream->generation = env_fork_generation();
    stream->state = ENV_STREAM_BODY;
    ENV_TRY(env_dek_seal(stream->dek_context, selector, ENV_CONTENT_MESSAGE, stream->dek, &der,
                         &der_len));
    to = env_backlog_reserve(&stream->backlog, der_len + ENV_FLOE_HEADER_LEN);
    memcpy(to, der, der_len);
    r = env_floe_seal_start(&stream->floe, stream->dek_context->crypto, params, stream->dek,
                            (struct env_span){stream->context, stream->context_len}, to + der_len);
    stream->backlog.len += der_len + ENV_FLOE_HEADER_LEN;
    OPENSSL_cleanse(stream->dek, sizeof(stream->dek));
    OPENSSL_free(der);
    return r;
}

/* A message goes on only in the process that began it: after a fork both would use the same IVs. */
static ENV_RESULT enter(struct env_stream *stream, const struct env_selector *selector)
{
    ENV_TRY(env_stream_check_state(stream));
    if (stream->state == ENV_STREAM_NEW)
        return begin_message(stream, selector);
    if (stream->generation != env_fork_generation())
        return ENV_FAIL(ENV_R_FORKED_WHILE_SEALING);
    return ENV_OK;
}

/* Seals one full segment, straight into the output where it may be written now. */
static ENV_RESULT seal_full(struct env_stream *stream, struct env_io *io, struct env_span head,
                            struct env_span tail)
{
    uint8_t *to;

    env_stream_drain(stream, io);
    if (stream->backlog.len == 0 && env_io_room(io) >= stream->kind->segment_len) {
        ENV_TRY(env_floe_seal_segment(&stream->floe, head, tail, false, io->out + io->written));
        io->written += stream->kind->segment_len;
        return ENV_OK;
    }
    to = env_backlog_reserve(&stream->backlog, stream->kind->segment_len);
    if (to == NULL)
        return ENV_FAIL(ENV_R_INTERNAL);
    ENV_TRY(env_floe_seal_segment(&stream->floe, head, tail, false, to));
    stream->backlog.len += stream->kind->segment_len;
    return ENV_OK;
}

/* Completes the segment that earlier updates began. Returns how much input that took. */
static ENV_RESULT complete_segment(struct env_stream *stream, struct env_io *io, size_t *taken)
{
    struct env_span head = {stream->segment, stream->segment_filled};
    struct env_span tail = {io->in, plain_len(stream) - stream->segment_filled};

    *taken = tail.len;
    if (tail.len <= JOIN_MAX) {
        env_copy(stream->segment + stream->segment_filled, tail.data, tail.len);
        head.len += tail.len;
        tail.len = 0;
    }
    stream->segment_high = head.len > stream->segment_high ? head.len : stream->segment_high;
    ENV_TRY(seal_full(stream, io, head, tail));
    stream->segment_filled = 0;
    return ENV_OK;
}

static ENV_RESULT seal_input(struct env_stream *stream, struct env_io *io)
{
    size_t full = plain_len(stream);
    size_t done = 0;

    if (stream->segment_filled > 0 && stream->segment_filled + io->in_len >= full)
        ENV_TRY(complete_segment(stream, io, &done));
    if (stream->segment_filled == 0) {
        for (; io->in_len - done >= full; done += full)
            ENV_TRY(seal_full(stream, io, (struct env_span){io->in + done, full},
                              (struct env_span){NULL, 0}));
    }
    env_copy(stream->segment + stream->segment_filled, io->in + done, io->in_len - done);
    env_stream_filled(stream, io->in_len - done);
    env_stream_drain(stream, io);
    return ENV_OK;
}

ENV_RESULT env_sealing_update(struct env_stream *stream, const struct env_selector *selector,
                              struct env_io *io)
{
    ENV_TRY(env_stream_check_state(stream));
    ENV_TRY(
        env_stream_admit(stream, io, (stream->segment_filled + io->in_len) / plain_len(stream)));
    ENV_TRY(enter(stream, selector));
    return env_stream_run(stream, io, seal_input);
}

ENV_RESULT env_sealing_final(struct env_stream *stream, const struct env_selector *selector,
                             struct env_io *io)
{
    const struct env_span nothing = {NULL, 0};
    struct env_span rest = {stream->segment, stream->segment_filled};

    ENV_TRY(enter(stream, selector));
    if (io->out == NULL)
        return ENV_FAIL(ENV_R_NO_OUTPUT_BUFFER);
    io->allowance = io->out_size;
    if (io->out_size < stream->backlog.len + rest.len + ENV_FLOE_OVERHEAD)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    env_stream_drain(stream, io);
    ENV_TRY(env_floe_seal_segment(&stream->floe, rest, nothing, true, io->out + io->written));
    io->written += rest.len + ENV_FLOE_OVERHEAD;
    env_stream_reset(stream);
    stream->state = ENV_STREAM_DONE;
    return ENV_OK;
}
