/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/look/open_body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/secret.h"
#include "envelope/message/stream.h"
#include "tools/common/recipient.h"

#define PIECE (1024u * 1024u) /* read at once: a whole segment at least */
#define OUT_SIZE (2u * PIECE) /* what one piece may write */

struct tool_opener {
    const struct tool_keys *keys;
    struct env_stream *stream;
    uint8_t *piece;
    uint8_t *plain; /* secret */
    uint8_t *deks;  /* secret */
};

struct tool_opener *tool_opener_new(const struct tool_keys *keys, struct env_span context)
{
    struct tool_opener *opener = calloc(1, sizeof(*opener));

    if (opener == NULL)
        return NULL;
    opener->keys = keys;
    opener->stream = env_stream_new(&env_stream_envelope_1m, &keys->dek);
    opener->piece = malloc(PIECE);
    opener->plain = env_secret_alloc(OUT_SIZE);
    opener->deks = env_secret_alloc(TOOL_TRY_ROOM);
    if (opener->stream == NULL || opener->piece == NULL || opener->plain == NULL ||
        opener->deks == NULL || context.len > ENV_CONTEXT_MAX) {
        tool_opener_free(opener);
        return NULL;
    }
    if (context.len > 0)
        memcpy(opener->stream->context, context.data, context.len);
    opener->stream->context_len = context.len;
    return opener;
}

void tool_opener_free(struct tool_opener *opener)
{
    if (opener == NULL)
        return;
    env_stream_free(opener->stream);
    free(opener->piece);
    env_secret_free(opener->plain, OUT_SIZE);
    env_secret_free(opener->deks, TOOL_TRY_ROOM);
    free(opener);
}

uint8_t *tool_opener_deks(struct tool_opener *opener)
{
    return opener->deks;
}

/* The next piece of the source: all pieces but the last are of the same length. -1: errno. */
static ssize_t next_piece(struct tool_opener *opener, struct tool_source *source,
                          const uint8_t **piece)
{
    size_t n;

    if (source->fd >= 0) {
        *piece = opener->piece;
        return tool_read_full(source->fd, opener->piece, PIECE);
    }
    n = source->rest.len < PIECE ? source->rest.len : PIECE;
    *piece = source->rest.data;
    source->rest.data += n;
    source->rest.len -= n;
    return (ssize_t)n;
}

static ENV_RESULT open_pieces(struct tool_opener *opener, struct tool_source *source,
                              uint64_t *plain_len, int *read_errno)
{
    struct env_io io;
    const uint8_t *piece;
    ssize_t n;

    while ((n = next_piece(opener, source, &piece)) > 0) {
        io = (struct env_io){
            .in = piece, .in_len = (size_t)n, .out = opener->plain, .out_size = OUT_SIZE};
        ENV_TRY(env_opening_update(opener->stream, &io));
        *plain_len += io.written;
    }
    if (n < 0) {
        *read_errno = errno;
        return ENV_FAIL(ENV_R_TRUNCATED);
    }
    io = (struct env_io){.out = opener->plain, .out_size = OUT_SIZE};
    ENV_TRY(env_opening_final(opener->stream, &io));
    *plain_len += io.written;
    return ENV_OK;
}

static ENV_RESULT open_message(struct tool_opener *opener, struct tool_source *source,
                               uint64_t *plain_len, int *read_errno)
{
    ENV_RESULT r;

    if (source->fd >= 0 && lseek(source->fd, 0, SEEK_SET) != 0) {
        *read_errno = errno;
        return ENV_FAIL(ENV_R_TRUNCATED);
    }
    env_stream_reset(opener->stream);
    r = open_pieces(opener, source, plain_len, read_errno);
    env_stream_reset(opener->stream);
    return r;
}

bool tool_opener_run(struct tool_opener *opener, const struct tool_message *message,
                     struct tool_source *source, uint64_t *plain_len, struct tool_failure *failure)
{
    int read_errno = 0;
    ENV_RESULT r;

    *plain_len = 0;
    if (message->header.content == ENV_CONTENT_SEALED_KEY) {
        r = env_dek_open(&opener->keys->dek, message->der, ENV_CONTENT_SEALED_KEY, opener->deks);
        OPENSSL_cleanse(opener->deks, TOOL_TRY_ROOM);
    } else {
        r = open_message(opener, source, plain_len, &read_errno);
    }
    if (env_ok(r))
        return true;
    if (read_errno != 0)
        tool_failure_set(failure, "%s", strerrordesc_np(read_errno));
    else
        tool_failure_take(r, failure);
    *plain_len = 0;
    return false;
}
