/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/copy.h"
#include "envelope/base/fork_generation.h"
#include "envelope/message/stream.h"

/*
 * Up to this many bytes are copied to make a segment contiguous; longer ones go to AES-GCM in two
 * pieces.
 */
#define JOIN_MAX 8192u
/*
 * If at least this many bytes of a segment may be written now, a second call of AES-GCM costs less
 * than a copy. Only segments of 64 KiB reach this. (For segments of 4 KiB the costs are equal.)
 */
#define CUT_MIN 8192u
#define AES_BLOCK 16u

static size_t plain_len(const struct env_stream *stream)
{
    return stream->kind->segment_len - ENV_FLOE_OVERHEAD;
}

/*
 * The DEK exists from here on, so the context can no longer be copied, and no other process may go
 * on.
 */
static ENV_RESULT begin_message(struct env_stream *stream, const struct env_selector *selector)
{
    const struct env_floe_params params = {stream->kind->segment_len, ENV_FLOE_ROTATION};
    uint8_t *der = NULL;
    size_t der_len = 0;
    struct env_prk prk = {0};
    uint8_t *to;
    ENV_RESULT r;

    stream->generation = env_fork_generation();
    stream->state = ENV_STREAM_BODY;
    ENV_TRY(env_stream_begin(stream, true));
    r = env_dek_seal_with(stream->dek_context, selector, ENV_CONTENT_MESSAGE, stream->memory->dek,
                          &prk, &der, &der_len);
    if (env_ok(r)) {
        to = env_backlog_reserve(&stream->backlog, der_len + ENV_FLOE_HEADER_LEN);
        memcpy(to, der, der_len);
        stream->backlog.len += der_len + ENV_FLOE_HEADER_LEN;
        r = env_floe_seal_start_under(&stream->memory->floe, &prk, params,
                                      (struct env_span){stream->context, stream->context_len},
                                      to + der_len);
        stream->gcm = stream->memory->floe.gcm;
    }
    OPENSSL_cleanse(stream->memory->dek, sizeof(stream->memory->dek));
    env_prk_clear(&prk);
    OPENSSL_free(der);
    return r;
}

/*
 * Only the process that began a message may continue it: after a fork, both would use the same IVs.
 */
static ENV_RESULT enter(struct env_stream *stream, const struct env_selector *selector)
{
    ENV_TRY(env_stream_check_state(stream));
    if (stream->state == ENV_STREAM_NEW)
        return begin_message(stream, selector);
    if (stream->generation != env_fork_generation())
        return ENV_FAIL(ENV_R_FORKED_WHILE_SEALING);
    return ENV_OK;
}

/*
 * A signal handler may have forked meanwhile, and the child runs on with memory that was emptied.
 * It must not give out what it sealed that way.
 */
static ENV_RESULT leave(const struct env_stream *stream, struct env_io *io, ENV_RESULT r)
{
    if (stream->generation == env_fork_generation())
        return r;
    OPENSSL_cleanse(io->out, io->allowance);
    return ENV_FAIL(ENV_R_FORKED_WHILE_SEALING);
}

/*
 * Seals one full segment, straight into the output if it may all be written now. If only part of a
 * long segment may be written, that part goes to the output (in whole AES blocks), and the rest
 * waits.
 */
static ENV_RESULT seal_full(struct env_stream *stream, struct env_io *io, struct env_span head,
                            struct env_span tail)
{
    const size_t len = head.len + tail.len + ENV_FLOE_OVERHEAD;
    uint8_t *to;
    size_t first;

    if (stream->backlog.len > 0)
        env_stream_drain(stream, io);
    first = stream->backlog.len == 0 ? env_io_room(io) : 0;
    if (first >= len) {
        ENV_TRY(
            env_floe_seal_segment(&stream->memory->floe, head, tail, false, io->out + io->written));
        io->written += len;
        return ENV_OK;
    }
    first -= first % AES_BLOCK;
    if (first < CUT_MIN || first >= len - ENV_GCM_TAG_LEN)
        first = 0;
    to = env_backlog_reserve(&stream->backlog, len);
    if (to == NULL)
        return ENV_FAIL(ENV_R_INTERNAL);
    if (first > 0)
        ENV_TRY(
            env_floe_seal_cut(&stream->memory->floe, head, tail, io->out + io->written, first, to));
    else
        ENV_TRY(env_floe_seal_segment(&stream->memory->floe, head, tail, false, to));
    io->written += first;
    stream->backlog.len += len - first;
    return ENV_OK;
}

/* Completes the segment that earlier updates began. Returns how much input that used. */
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

static struct env_emission emission_of(const struct env_stream *stream, bool begun)
{
    return (struct env_emission){begun, stream->backlog.len, stream->segment_filled};
}

/* Refuses an update that would not fit, before anything is written. */
static ENV_RESULT check_fits(const struct env_stream *stream, bool begun, const struct env_io *io)
{
    const struct env_emission now = emission_of(stream, begun);

    if (env_emission_fits(stream->kind, &now, io->in_len))
        return ENV_OK;
    return ENV_RAISE(stream->dek_context->errors, ENV_R_UPDATE_TOO_LARGE,
                     "%zu bytes; up to %zu fit here, %s", io->in_len,
                     env_emission_most(stream->kind, &now), stream->kind->advice);
}

ENV_RESULT env_sealing_update(struct env_stream *stream, const struct env_selector *selector,
                              struct env_io *io)
{
    const bool begun = stream->state == ENV_STREAM_BODY;
    const size_t segments = env_emission_segments(stream->kind, stream->segment_filled, io->in_len);
    struct env_emission now;

    ENV_TRY(env_stream_check_state(stream));
    if (!stream->kind->strict) /* independent of the header, so no KEK is needed first */
        ENV_TRY(check_fits(stream, begun, io));
    ENV_TRY(
        env_stream_admit(stream, io, env_emission_allowance(stream->kind, io->in_len, segments)));
    ENV_TRY(enter(stream, selector));
    if (stream->kind->strict) /* the header has been made */
        ENV_TRY(check_fits(stream, begun, io));
    now = emission_of(stream, begun);
    io->allowance = env_emission_written(stream->kind, &now, io->in_len);
    return leave(stream, io, env_stream_run(stream, io, seal_input));
}

ENV_RESULT env_sealing_final(struct env_stream *stream, const struct env_selector *selector,
                             struct env_io *io)
{
    const struct env_span nothing = {NULL, 0};
    struct env_span rest;

    ENV_TRY(enter(stream, selector));
    rest = (struct env_span){stream->segment, stream->segment_filled};
    if (io->out == NULL)
        return ENV_FAIL(ENV_R_NO_OUTPUT_BUFFER);
    io->allowance = io->out_size;
    if (io->out_size < stream->backlog.len + rest.len + ENV_FLOE_OVERHEAD)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    env_stream_drain(stream, io);
    ENV_TRY(leave(
        stream, io,
        env_floe_seal_segment(&stream->memory->floe, rest, nothing, true, io->out + io->written)));
    io->written += rest.len + ENV_FLOE_OVERHEAD;
    env_stream_reset(stream);
    stream->state = ENV_STREAM_DONE;
    return ENV_OK;
}
