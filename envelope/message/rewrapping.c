/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/copy.h"
#include "envelope/message/dek_rewrap.h"
#include "envelope/message/stream.h"

/* ---- the headers ---- */

static struct env_span old_header(const struct env_stream *stream)
{
    return (struct env_span){stream->headers, stream->headers_len - ENV_FLOE_HEADER_LEN};
}

/* A program decides where a cipher's output goes, so key files are left to the command. */
static ENV_RESULT content_of(struct env_span der, enum env_content *content)
{
    struct env_header *header = NULL;

    ENV_TRY(env_dek_read_any_header(der, &header));
    *content = header->content;
    OPENSSL_free(header);
    return *content == ENV_CONTENT_NAMED_KEY ? ENV_FAIL(ENV_R_IS_NAMED_KEY) : ENV_OK;
}

/* Puts the new header into the backlog, followed by what came after the old one. */
static ENV_RESULT put_header(struct env_stream *stream, const struct env_selector *selector,
                             struct env_span behind)
{
    enum env_content content;
    uint8_t *der = NULL;
    size_t len = 0;
    uint8_t *to;

    ENV_TRY(
        env_dek_rewrap(stream->dek_context, selector, old_header(stream), &content, &der, &len));
    to = env_backlog_reserve(&stream->backlog, len + behind.len);
    if (to != NULL) {
        memcpy(to, der, len);
        memcpy(to + len, behind.data, behind.len);
        stream->backlog.len += len + behind.len;
    }
    OPENSSL_free(der);
    return to != NULL ? ENV_OK : ENV_FAIL(ENV_R_INTERNAL);
}

/* Checks that need no KEK come before any KEK is used. */
static ENV_RESULT rewrap_headers(struct env_stream *stream)
{
    const struct env_span der = old_header(stream);
    const struct env_span floe_header = {der.data + der.len, ENV_FLOE_HEADER_LEN};
    uint32_t *segment_len = &stream->rewrapping.params.segment_len;
    enum env_content content = ENV_CONTENT_MESSAGE;

    ENV_TRY(content_of(der, &content));
    if (content != ENV_CONTENT_MESSAGE)
        return ENV_FAIL(ENV_R_TRAILING_DATA);
    ENV_TRY(env_floe_segment_len(floe_header.data, segment_len));
    if (*segment_len != env_stream_envelope.segment_len &&
        *segment_len != env_stream_envelope_64k.segment_len)
        return ENV_FAIL(ENV_R_SEGMENT_LENGTH);
    ENV_TRY(put_header(stream, stream->rewrapping.selector, floe_header));
    stream->state = ENV_STREAM_BODY;
    return ENV_OK;
}

/* ---- the body ---- */

/* Reads a segment's length field, which may arrive in pieces. */
static ENV_RESULT enter_segment(struct env_stream *stream, struct env_io *at)
{
    struct env_rewrapping *body = &stream->rewrapping;
    size_t len = 0;

    env_stream_filled(stream, env_io_take(at, stream->segment + stream->segment_filled,
                                          ENV_FLOE_PREFIX_LEN - stream->segment_filled));
    if (stream->segment_filled < ENV_FLOE_PREFIX_LEN)
        return ENV_OK;
    stream->segment_filled = 0;
    ENV_TRY(env_floe_segment_prefix(&body->params, stream->segment, &len, &body->last));
    body->segment_left = len - ENV_FLOE_PREFIX_LEN;
    return ENV_OK;
}

/*
 * Follows the segments through the input, so that a truncated message is not taken for a whole one.
 */
static ENV_RESULT follow_segments(struct env_stream *stream, struct env_io at)
{
    struct env_rewrapping *body = &stream->rewrapping;

    while (at.in_len > 0) {
        size_t n = at.in_len < body->segment_left ? at.in_len : body->segment_left;

        if (stream->state == ENV_STREAM_HELD)
            return ENV_FAIL(ENV_R_TRAILING_DATA);
        if (n == 0) {
            ENV_TRY(enter_segment(stream, &at));
            continue;
        }
        at.in += n;
        at.in_len -= n;
        body->segment_left -= n;
        if (body->segment_left == 0 && body->last)
            stream->state = ENV_STREAM_HELD;
    }
    return ENV_OK;
}

/* Writes everything that waits, then as much input as fits; the rest waits. */
static ENV_RESULT pass(struct env_stream *stream, struct env_io *io)
{
    uint8_t *to;

    ENV_TRY(follow_segments(stream, *io));
    env_stream_drain(stream, io);
    io->written += env_io_take(io, io->out + io->written, env_io_room(io));
    if (io->in_len == 0)
        return ENV_OK;
    to = env_backlog_reserve(&stream->backlog, io->in_len);
    if (to == NULL)
        return ENV_FAIL(ENV_R_INTERNAL);
    stream->backlog.len += env_io_take(io, to, io->in_len);
    return ENV_OK;
}

static ENV_RESULT rewrap_input(struct env_stream *stream, struct env_io *io)
{
    if (stream->state == ENV_STREAM_HEADER) {
        bool complete = false;

        ENV_TRY(env_stream_collect_headers(stream, io, &complete));
        if (!complete)
            return ENV_OK;
        ENV_TRY(rewrap_headers(stream));
    }
    return pass(stream, io);
}

ENV_RESULT env_rewrapping_update(struct env_stream *stream, const struct env_selector *selector,
                                 struct env_io *io)
{
    ENV_RESULT r;

    ENV_TRY(env_stream_check_state(stream));
    ENV_TRY(env_stream_admit(stream, io, env_emission_allowance_opening(io->in_len)));
    /* libcrypto cannot report a larger number; the backlog does not grow */
    if (io->allowance > INT_MAX)
        io->allowance = INT_MAX;
    if (stream->state == ENV_STREAM_NEW) {
        ENV_TRY(env_stream_begin(stream, false));
        stream->state = ENV_STREAM_HEADER;
    }
    stream->rewrapping.selector = selector;
    r = env_stream_run(stream, io, rewrap_input);
    stream->rewrapping.selector = NULL;
    return r;
}

/*
 * At the end of the input: a sealed key is a header and nothing more, so only now is it known to be
 * one. It is written by final.
 */
static ENV_RESULT end_of_input(struct env_stream *stream, const struct env_selector *selector)
{
    const struct env_span nothing = {stream->peek, 0};
    enum env_content content = ENV_CONTENT_MESSAGE;

    if (stream->state == ENV_STREAM_HELD)
        return ENV_OK;
    if (stream->headers == NULL || stream->headers_filled < old_header(stream).len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(content_of(old_header(stream), &content));
    if (content == ENV_CONTENT_MESSAGE)
        return ENV_FAIL(ENV_R_TRUNCATED);
    if (stream->headers_filled > old_header(stream).len)
        return ENV_FAIL(ENV_R_TRAILING_DATA);
    return put_header(stream, selector, nothing);
}

ENV_RESULT env_rewrapping_final(struct env_stream *stream, const struct env_selector *selector,
                                struct env_io *io)
{
    ENV_TRY(env_stream_check_state(stream));
    if (io->out == NULL)
        return ENV_FAIL(ENV_R_NO_OUTPUT_BUFFER);
    ENV_TRY(end_of_input(stream, selector));
    io->allowance = io->out_size;
    if (io->out_size < stream->backlog.len)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    env_stream_drain(stream, io);
    env_stream_reset(stream);
    stream->state = ENV_STREAM_DONE;
    return ENV_OK;
}
