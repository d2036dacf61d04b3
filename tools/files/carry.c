/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/carry.h"

#include <openssl/crypto.h>

#include "envelope/base/secret.h"

/* The most that an update writes for one piece, or final for a segment. */
#define OUT_SIZE (TOOL_CARRY_PIECE + 16384u)

/* Accepts both segment lengths, in pieces of any size: libcrypto is not the caller here. */
static const struct env_stream_kind opening_kind = {
    .segment_len = 65536u + ENV_FLOE_OVERHEAD,
    .block_size = 65536u + ENV_FLOE_OVERHEAD,
};

struct tool_carrier {
    struct env_dek_context dek;
    uint8_t message_id[ENV_AUDIT_MESSAGE_ID_LEN];
    struct env_selector selector;
    struct env_stream *sealing;
    struct env_stream *opening;
    uint8_t *in;
    uint8_t *out;
};

static ENV_RESULT make(struct tool_carrier *carrier, const struct tool_keys *keys,
                       struct env_span context)
{
    enum env_context_source source = tool_context_source(context, keys->settings.config.context);

    carrier->dek = keys->dek;
    carrier->dek.message_id = carrier->message_id;
    carrier->sealing = env_stream_new(&env_stream_envelope, &keys->dek);
    carrier->opening = env_stream_new(&opening_kind, &carrier->dek);
    carrier->in = env_secret_alloc(TOOL_CARRY_PIECE);
    carrier->out = env_secret_alloc(OUT_SIZE);
    if (carrier->sealing == NULL || carrier->opening == NULL || carrier->in == NULL ||
        carrier->out == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    env_stream_set_context(carrier->sealing, context, source);
    env_stream_set_context(carrier->opening, context, source);
    return ENV_OK;
}

ENV_RESULT tool_carrier_new(const struct tool_keys *keys, const char *kek, struct env_span context,
                            struct tool_carrier **out)
{
    struct tool_carrier *carrier;
    ENV_RESULT r;

    *out = NULL;
    if (context.len > ENV_CONTEXT_MAX)
        return ENV_FAIL(ENV_R_CONTEXT_TOO_LONG);
    carrier = OPENSSL_zalloc(sizeof(*carrier));
    if (carrier == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    carrier->selector.name = kek;
    r = make(carrier, keys, context);
    if (env_ok(r))
        *out = carrier;
    else
        tool_carrier_free(carrier);
    return r;
}

void tool_carrier_free(struct tool_carrier *carrier)
{
    if (carrier == NULL)
        return;
    env_stream_free(carrier->sealing);
    env_stream_free(carrier->opening);
    env_secret_free(carrier->in, TOOL_CARRY_PIECE);
    env_secret_free(carrier->out, OUT_SIZE);
    OPENSSL_free(carrier);
}

const uint8_t *tool_carrier_message_id(const struct tool_carrier *carrier)
{
    return carrier->message_id;
}

/* ---- both directions ---- */

static ENV_RESULT update(struct tool_carrier *carrier, bool sealing, struct env_io *io)
{
    return sealing ? env_sealing_update(carrier->sealing, &carrier->selector, io)
                   : env_opening_update(carrier->opening, io);
}

static ENV_RESULT final(struct tool_carrier *carrier, bool sealing, struct env_io *io)
{
    return sealing ? env_sealing_final(carrier->sealing, &carrier->selector, io)
                   : env_opening_final(carrier->opening, io);
}

static ENV_RESULT give(const struct tool_carrier *carrier, const struct tool_ends *ends,
                       const struct env_io *io)
{
    return io->written > 0 ? ends->give(ends->arg, (struct env_span){carrier->out, io->written})
                           : ENV_OK;
}

static ENV_RESULT carry(struct tool_carrier *carrier, bool sealing, const struct tool_ends *ends)
{
    struct env_io io;
    size_t got = 0;

    for (;;) {
        ENV_TRY(ends->take(ends->arg, carrier->in, TOOL_CARRY_PIECE, &got));
        io = (struct env_io){
            .in = carrier->in, .in_len = got, .out = carrier->out, .out_size = OUT_SIZE};
        if (got == 0)
            break;
        ENV_TRY(update(carrier, sealing, &io));
        ENV_TRY(give(carrier, ends, &io));
    }
    ENV_TRY(final(carrier, sealing, &io));
    return give(carrier, ends, &io);
}

ENV_RESULT tool_carry_seal(struct tool_carrier *carrier, const struct tool_ends *ends)
{
    ENV_RESULT r;

    env_stream_reset(carrier->sealing);
    r = carry(carrier, true, ends);
    env_stream_reset(carrier->sealing);
    return r;
}

ENV_RESULT tool_carry_open(struct tool_carrier *carrier, const struct tool_ends *ends)
{
    ENV_RESULT r;

    env_stream_reset(carrier->opening);
    r = carry(carrier, false, ends);
    env_stream_reset(carrier->opening);
    return r;
}
