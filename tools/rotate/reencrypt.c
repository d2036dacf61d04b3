/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/reencrypt.h"

#include <openssl/crypto.h>

#include "envelope/base/secret.h"
#include "envelope/format/floe.h"
#include "envelope/message/stream.h"
#include "tools/common/keys.h"

/* The most bytes to read at a time: as many whole segments as fit. */
#define PIECE (1024u * 1024u)

/* Lives in secret memory, followed by three buffers. */
struct tool_reencryption {
    const struct tool_rotation *rotation;
    const struct tool_message *message;
    const struct tool_reencrypt_io *io;
    size_t size;  /* of this whole block */
    size_t piece; /* the size of one buffer: whole segments */
    uint64_t offset;
    struct env_floe from;
    struct env_floe to;
    struct env_span context;
    uint8_t dek[ENV_DEK_LEN];
    uint8_t *in;
    uint8_t *plain;
    uint8_t *out; /* has room for one more, empty segment: a full last segment becomes two */
    size_t out_len;
    bool last;
    uint8_t buffers[];
};

/* ---- the headers ---- */

static ENV_RESULT wrong_context(const struct tool_reencryption *re)
{
    return env_context_mismatch(re->rotation->dek->errors,
                                tool_context_source(re->context, re->rotation->configured),
                                re->context.len);
}

static ENV_RESULT open_headers(struct tool_reencryption *re)
{
    const struct tool_message *message = re->message;
    const struct env_floe_params params = {message->segment_len, ENV_FLOE_ROTATION};
    ENV_RESULT r;

    if (re->context.len > ENV_CONTEXT_MAX)
        return ENV_FAIL(ENV_R_CONTEXT_TOO_LONG);
    ENV_TRY(env_dek_open_header(re->rotation->dek, &message->header, message->der, re->dek));
    r = env_floe_open_start(&re->from, re->rotation->dek->crypto, params, re->dek, re->context,
                            message->bytes + message->der.len);
    re->offset = message->der.len + ENV_FLOE_HEADER_LEN;
    return r.reason == ENV_R_CONTEXT_MISMATCH ? wrong_context(re) : r;
}

static ENV_RESULT append(const struct tool_reencryption *re, const uint8_t *bytes, size_t len)
{
    return re->io->append(re->io->arg, (struct env_span){bytes, len});
}

static ENV_RESULT seal_headers(struct tool_reencryption *re)
{
    const struct tool_rotation *rotation = re->rotation;
    uint8_t header[ENV_FLOE_HEADER_LEN];
    uint8_t *der = NULL;
    size_t der_len = 0;
    ENV_RESULT r;

    ENV_TRY(env_dek_seal(rotation->dek, &rotation->selector, ENV_CONTENT_MESSAGE, re->dek, &der,
                         &der_len));
    r = env_floe_seal_start(&re->to, rotation->dek->crypto, re->from.params, re->dek, re->context,
                            header);
    OPENSSL_cleanse(re->dek, sizeof(re->dek));
    if (env_ok(r))
        r = append(re, der, der_len);
    if (env_ok(r))
        r = append(re, header, sizeof(header));
    OPENSSL_free(der);
    return r;
}

/* ---- the body ---- */

static ENV_RESULT seal_one(struct tool_reencryption *re, size_t plain_len, bool last)
{
    ENV_TRY(env_floe_seal_segment(&re->to, (struct env_span){re->plain, plain_len},
                                  (struct env_span){NULL, 0}, last, re->out + re->out_len));
    re->out_len += plain_len + ENV_FLOE_OVERHEAD;
    return ENV_OK;
}

/* Opens and seals the segment that begins there; *len is its length. */
static ENV_RESULT next_segment(struct tool_reencryption *re, struct env_span rest, size_t *len)
{
    size_t plain_len = 0;
    ENV_RESULT r;

    if (rest.len < ENV_FLOE_PREFIX_LEN)
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(env_floe_segment_prefix(&re->from.params, rest.data, len, &re->last));
    if (rest.len < *len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(env_floe_open_segment(&re->from, (struct env_span){rest.data, *len}, re->plain,
                                  &plain_len));
    if (!re->last || plain_len < env_floe_plain_len(&re->to.params))
        return seal_one(re, plain_len, re->last);
    r = seal_one(re, plain_len, false); /* we never write a full segment as the last one */
    return env_ok(r) ? seal_one(re, 0, true) : r;
}

static ENV_RESULT next_piece(struct tool_reencryption *re)
{
    size_t got = 0;
    size_t done = 0;

    re->out_len = 0;
    ENV_TRY(re->io->read(re->io->arg, re->offset, re->in, re->piece, &got));
    do {
        size_t len = 0;

        ENV_TRY(next_segment(re, (struct env_span){re->in + done, got - done}, &len));
        done += len;
    } while (!re->last && done < got);
    re->offset += done;
    if (re->last && re->offset != re->message->size)
        return ENV_FAIL(ENV_R_TRAILING_DATA);
    return append(re, re->out, re->out_len);
}

ENV_RESULT tool_reencryption_run(struct tool_reencryption *re)
{
    ENV_TRY(seal_headers(re));
    while (!re->last)
        ENV_TRY(next_piece(re));
    return ENV_OK;
}

/* ---- the whole message ---- */

/* Whole segments, but no more than the message has: lists are full of short messages. */
static size_t piece_of(const struct tool_message *message)
{
    uint64_t wanted = message->size < PIECE ? message->size : PIECE;
    size_t segments = (size_t)(wanted / message->segment_len);

    return (segments > 0 ? segments : 1) * (size_t)message->segment_len;
}

ENV_RESULT tool_reencryption_new(const struct tool_rotation *rotation,
                                 const struct tool_message *message, struct env_span context,
                                 const struct tool_reencrypt_io *io, struct tool_reencryption **out)
{
    struct tool_reencryption *re;
    size_t piece;
    size_t size;
    ENV_RESULT r;

    *out = NULL;
    if (message->header.content == ENV_CONTENT_NAMED_KEY) /* rotate makes a new version */
        return ENV_FAIL(ENV_R_IS_NAMED_KEY);
    if (message->header.content != ENV_CONTENT_MESSAGE)
        return ENV_FAIL(ENV_R_WRONG_CONTENT);
    piece = piece_of(message);
    size = sizeof(*re) + 3 * piece + ENV_FLOE_OVERHEAD;
    re = env_secret_alloc(size);
    if (re == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    re->rotation = rotation;
    re->message = message;
    re->io = io;
    re->context = context;
    re->size = size;
    re->piece = piece;
    re->in = re->buffers;
    re->plain = re->in + piece;
    re->out = re->plain + piece;
    r = open_headers(re);
    if (env_ok(r))
        *out = re;
    else
        tool_reencryption_free(re);
    return r;
}

void tool_reencryption_free(struct tool_reencryption *re)
{
    if (re == NULL)
        return;
    env_floe_clear(&re->from);
    env_floe_clear(&re->to);
    env_secret_free(re, re->size);
}
