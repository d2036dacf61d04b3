/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/message/stream.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stddef.h>
#include <string.h>

#include "envelope/base/copy.h"
#include "envelope/base/secret.h"

#define SMALL_SEGMENT (4096u + ENV_FLOE_OVERHEAD)
#define LARGE_PLAIN 65536u
#define LARGE_SEGMENT (LARGE_PLAIN + ENV_FLOE_OVERHEAD)

const struct env_stream_kind env_stream_envelope = {
    .segment_len = SMALL_SEGMENT,
    .block_size = SMALL_SEGMENT,
    .advice = "ENVELOPE-64K takes more",
};

const struct env_stream_kind env_stream_envelope_strict = {
    .segment_len = SMALL_SEGMENT,
    .block_size = SMALL_SEGMENT,
    .strict = true,
    .advice = "updates of up to 4096 always fit, and ENVELOPE-64K takes more at once",
};

const struct env_stream_kind env_stream_envelope_64k = {
    .segment_len = LARGE_SEGMENT,
    .block_size = LARGE_SEGMENT,
    .large_update = LARGE_PLAIN,
    .advice = "updates of 65536 always fit",
};

const struct env_stream_kind env_stream_envelope_64k_strict = {
    .segment_len = LARGE_SEGMENT,
    .block_size = LARGE_SEGMENT,
    .large_update = LARGE_PLAIN,
    .strict = true,
    .advice = "updates of 65536 always fit",
};

const struct env_stream_kind env_stream_rewrap = {
    .segment_len = SMALL_SEGMENT,
    .block_size = SMALL_SEGMENT,
    .strict = true,
};

/* The keys, the current segment and the backlog share one block of secret memory. */
static size_t memory_size(const struct env_stream_kind *kind)
{
    return sizeof(struct env_message_memory) + 3 * (size_t)kind->segment_len;
}

struct env_stream *env_stream_new(const struct env_stream_kind *kind,
                                  const struct env_dek_context *dek_context)
{
    struct env_stream *stream = env_secret_alloc(sizeof(*stream));

    if (stream == NULL)
        return NULL;
    stream->kind = kind;
    stream->dek_context = dek_context;
    return stream;
}

ENV_RESULT env_stream_begin(struct env_stream *stream, bool bound)
{
    const struct env_stream_kind *kind = stream->kind;

    stream->memory =
        bound ? env_secret_alloc_bound(memory_size(kind)) : env_secret_alloc(memory_size(kind));
    if (stream->memory == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    stream->bound = bound;
    stream->segment = (uint8_t *)(stream->memory + 1);
    stream->backlog.bytes = stream->segment + kind->segment_len;
    stream->backlog.capacity = 2 * (size_t)kind->segment_len;
    return ENV_OK;
}

static void give_memory(struct env_stream *stream)
{
    struct env_message_memory *memory = stream->memory;

    if (memory == NULL)
        return;
    if (memory->floe.gcm == NULL) /* it belongs to a parent's message */
        env_gcm_give(stream->dek_context->crypto, stream->gcm);
    env_floe_clear(&memory->floe);
    OPENSSL_cleanse(memory->dek, sizeof(memory->dek));
    OPENSSL_cleanse(stream->segment, stream->segment_high);
    OPENSSL_cleanse(stream->backlog.bytes, stream->backlog.high);
    if (stream->bound)
        env_secret_free_bound_wiped(memory, memory_size(stream->kind));
    else
        env_secret_free_wiped(memory, memory_size(stream->kind));
    stream->memory = NULL;
    stream->gcm = NULL;
    stream->segment = NULL;
    stream->backlog = (struct env_backlog){0};
}

/* Forgets the message, but keeps the application's context. */
static void wipe_message(struct env_stream *stream)
{
    give_memory(stream);
    stream->rewrapping = (struct env_rewrapping){0};
    OPENSSL_clear_free(stream->headers, stream->headers_len);
    stream->headers = NULL;
    stream->headers_len = 0;
    stream->headers_filled = 0;
    stream->segment_filled = 0;
    stream->segment_opened = 0;
    stream->segment_high = 0;
}

void env_stream_free(struct env_stream *stream)
{
    if (stream == NULL)
        return;
    wipe_message(stream);
    /* nothing in it is secret, but the next message expects zeros */
    memset(stream, 0, offsetof(struct env_stream, context) + stream->context_len);
    env_secret_free_wiped(stream, sizeof(*stream));
}

void env_stream_set_context(struct env_stream *stream, struct env_span context,
                            enum env_context_source source)
{
    if (context.len > 0)
        memcpy(stream->context, context.data, context.len);
    if (stream->context_len > context.len)
        memset(stream->context + context.len, 0, stream->context_len - context.len);
    stream->context_len = context.len;
    stream->context_source = source;
}

void env_stream_reset(struct env_stream *stream)
{
    wipe_message(stream);
    stream->state = ENV_STREAM_NEW;
    stream->generation = 0;
    stream->small_update = false;
}

void env_stream_fail(struct env_stream *stream)
{
    wipe_message(stream);
    stream->state = ENV_STREAM_FAILED;
}

static ENV_RESULT copy_buffers(struct env_stream *to, const struct env_stream *from)
{
    if (from->headers != NULL) {
        to->headers = OPENSSL_malloc(from->headers_len);
        if (to->headers == NULL)
            return ENV_FAIL(ENV_R_NO_MEMORY);
        to->headers_len = from->headers_len;
        to->headers_filled = from->headers_filled;
        memcpy(to->headers, from->headers, from->headers_filled);
    }
    if (from->memory == NULL)
        return ENV_OK;
    ENV_TRY(env_stream_begin(to, from->bound));
    env_stream_filled(to, from->segment_filled);
    memcpy(to->segment, from->segment, from->segment_filled);
    to->backlog.len = from->backlog.len;
    to->backlog.high = from->backlog.len;
    memcpy(to->backlog.bytes, from->backlog.bytes + from->backlog.start, from->backlog.len);
    return ENV_OK;
}

ENV_RESULT env_stream_copy(const struct env_stream *from, bool sealing, struct env_stream **out)
{
    struct env_stream *to;
    ENV_RESULT r;

    if (sealing && from->state == ENV_STREAM_BODY)
        return ENV_FAIL(ENV_R_COPY_WHILE_SEALING);
    to = env_stream_new(from->kind, from->dek_context);
    if (to == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    to->state = from->state;
    to->small_update = from->small_update;
    to->context_source = from->context_source;
    to->context_len = from->context_len;
    memcpy(to->context, from->context, from->context_len);
    memcpy(to->peek, from->peek, sizeof(to->peek));
    to->headers_filled = from->headers_filled;
    to->rewrapping = from->rewrapping;
    r = copy_buffers(to, from);
    if (env_ok(r) && from->memory != NULL && from->memory->floe.crypto != NULL)
        r = env_floe_copy_opening(&to->memory->floe, &from->memory->floe,
                                  (struct env_span){to->context, to->context_len}, to->segment,
                                  from->segment_opened);
    if (!env_ok(r)) {
        env_stream_free(to);
        return r;
    }
    *out = to;
    return ENV_OK;
}

ENV_RESULT env_stream_check_state(const struct env_stream *stream)
{
    if (stream->state == ENV_STREAM_FAILED)
        return ENV_FAIL(ENV_R_CONTEXT_FAILED);
    if (stream->state == ENV_STREAM_DONE)
        return ENV_FAIL(ENV_R_MESSAGE_FINISHED);
    return ENV_OK;
}

ENV_RESULT env_stream_admit(struct env_stream *stream, struct env_io *io, size_t allowance)
{
    if (io->in_len > INT_MAX)
        return ENV_RAISE(stream->dek_context->errors, ENV_R_UPDATE_TOO_LARGE,
                         "%zu bytes; at most %d", io->in_len, INT_MAX);
    if (stream->small_update)
        return ENV_FAIL(ENV_R_SMALL_UPDATE);
    stream->small_update = io->in_len < stream->kind->large_update;
    io->allowance = allowance;
    if (io->out == NULL)
        return ENV_FAIL(ENV_R_NO_OUTPUT_BUFFER);
    if (io->out_size < io->allowance)
        return ENV_FAIL(ENV_R_OUTPUT_TOO_SMALL);
    return ENV_OK;
}

ENV_RESULT env_stream_run(struct env_stream *stream, struct env_io *io,
                          ENV_RESULT (*work)(struct env_stream *stream, struct env_io *io))
{
    uintptr_t in = (uintptr_t)io->in;
    uintptr_t out = (uintptr_t)io->out;
    size_t len = io->in_len;
    uint8_t *aside;
    ENV_RESULT r;

    if (in >= out + io->allowance || out >= in + len)
        return work(stream, io);
    aside = env_secret_alloc(len);
    if (aside == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    env_copy(aside, io->in, len);
    io->in = aside;
    r = work(stream, io);
    env_secret_free(aside, len);
    return r;
}

size_t env_io_take(struct env_io *io, uint8_t *to, size_t wanted)
{
    size_t n = io->in_len < wanted ? io->in_len : wanted;

    env_copy(to, io->in, n);
    io->in += n;
    io->in_len -= n;
    return n;
}

/* Collects the bytes that give the header's length, then makes room for it and FLOE's header. */
static ENV_RESULT measure_header(struct env_stream *stream, struct env_io *io)
{
    size_t len = 0;
    ENV_RESULT r;

    stream->headers_filled += env_io_take(io, stream->peek + stream->headers_filled,
                                          sizeof(stream->peek) - stream->headers_filled);
    r = env_header_length((struct env_span){stream->peek, stream->headers_filled}, &len);
    if (r.reason == ENV_R_TRUNCATED)
        return ENV_OK; /* more input is expected; final reports it if none comes */
    ENV_TRY(r);
    stream->headers = OPENSSL_malloc(len + ENV_FLOE_HEADER_LEN);
    if (stream->headers == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    stream->headers_len = len + ENV_FLOE_HEADER_LEN;
    if (stream->headers_len < stream->headers_filled)
        return ENV_FAIL(ENV_R_BAD_HEADER);
    memcpy(stream->headers, stream->peek, stream->headers_filled);
    return ENV_OK;
}

ENV_RESULT env_stream_collect_headers(struct env_stream *stream, struct env_io *io, bool *complete)
{
    *complete = false;
    if (stream->headers == NULL)
        ENV_TRY(measure_header(stream, io));
    if (stream->headers == NULL)
        return ENV_OK;
    stream->headers_filled += env_io_take(io, stream->headers + stream->headers_filled,
                                          stream->headers_len - stream->headers_filled);
    *complete = stream->headers_filled == stream->headers_len;
    return ENV_OK;
}

void env_stream_drain(struct env_stream *stream, struct env_io *io)
{
    struct env_backlog *backlog = &stream->backlog;
    size_t n = env_io_room(io) < backlog->len ? env_io_room(io) : backlog->len;

    if (n == 0)
        return;
    env_copy(io->out + io->written, backlog->bytes + backlog->start, n);
    io->written += n;
    backlog->start += n;
    backlog->len -= n;
}

uint8_t *env_backlog_reserve(struct env_backlog *backlog, size_t len)
{
    size_t end;

    if (backlog->len == 0)
        backlog->start = 0;
    if (backlog->capacity - backlog->start - backlog->len < len) {
        memmove(backlog->bytes, backlog->bytes + backlog->start, backlog->len);
        backlog->start = 0;
    }
    end = backlog->start + backlog->len;
    /* less than one segment may wait, so room for two is enough */
    if (backlog->capacity - end < len)
        return NULL;
    if (backlog->high < end + len)
        backlog->high = end + len;
    return backlog->bytes + end;
}
