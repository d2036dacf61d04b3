/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/look/open_body.h"

#include <stdlib.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/message/audit.h"
#include "envelope/message/stream.h"
#include "envelope/named/key_file.h"
#include "tools/common/recipient.h"

#define PIECE (1024u * 1024u) /* bytes to read at a time: at least a whole segment */
#define OUT_SIZE (2u * PIECE) /* the most that one piece can produce */

struct tool_opener {
    const struct tool_keys *keys;
    struct env_dek_context dek; /* as for the keys, with the place for the message's id */
    uint8_t message_id[ENV_AUDIT_MESSAGE_ID_LEN];
    struct env_stream *stream;
    const void *configured; /* the context of openssl.cnf, or NULL */
    bool by_rsa;            /* accept named keys that open only through an RSA KEK */
    uint8_t *piece;
    uint8_t *plain; /* in secret memory */
    uint8_t *deks;  /* in secret memory */
};

struct tool_opener *tool_opener_new(const struct tool_keys *keys)
{
    struct tool_opener *opener = calloc(1, sizeof(*opener));

    if (opener == NULL)
        return NULL;
    opener->keys = keys;
    opener->dek = keys->dek;
    opener->configured = keys->settings.config.context;
    opener->by_rsa = keys->settings.config.keys_by_rsa_on;
    opener->dek.message_id = opener->message_id;
    opener->stream = env_stream_new(&env_stream_envelope_64k, &opener->dek);
    opener->piece = malloc(PIECE);
    opener->plain = env_secret_alloc(OUT_SIZE);
    opener->deks = env_secret_alloc(TOOL_TRY_ROOM);
    if (opener->stream == NULL || opener->piece == NULL || opener->plain == NULL ||
        opener->deks == NULL) {
        tool_opener_free(opener);
        return NULL;
    }
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

const uint8_t *tool_opener_message_id(const struct tool_opener *opener)
{
    return opener->message_id;
}

uint8_t *tool_opener_deks(struct tool_opener *opener)
{
    return opener->deks;
}

static ENV_RESULT open_pieces(struct tool_opener *opener, struct tool_source *source,
                              uint64_t *plain_len)
{
    struct env_io io;
    ssize_t n;

    while ((n = tool_source_read(source, opener->piece, PIECE)) > 0) {
        io = (struct env_io){
            .in = opener->piece, .in_len = (size_t)n, .out = opener->plain, .out_size = OUT_SIZE};
        ENV_TRY(env_opening_update(opener->stream, &io));
        *plain_len += io.written;
    }
    if (n < 0)
        return ENV_FAIL(ENV_R_TRUNCATED); /* the source says why */
    io = (struct env_io){.out = opener->plain, .out_size = OUT_SIZE};
    ENV_TRY(env_opening_final(opener->stream, &io));
    *plain_len += io.written;
    return ENV_OK;
}

static ENV_RESULT open_message(struct tool_opener *opener, struct tool_source *source,
                               struct env_span context, uint64_t *plain_len)
{
    ENV_RESULT r;

    if (context.len > ENV_CONTEXT_MAX)
        return ENV_FAIL(ENV_R_CONTEXT_TOO_LONG);
    if (!tool_source_rewind(source))
        return ENV_FAIL(ENV_R_TRUNCATED);
    env_stream_reset(opener->stream);
    env_stream_set_context(opener->stream, context,
                           tool_context_source(context, opener->configured));
    r = open_pieces(opener, source, plain_len);
    env_stream_reset(opener->stream);
    return r;
}

/* A key file is short: it is read completely, and then opened in the same way as for its users. */
static ENV_RESULT open_named_key(struct tool_opener *opener, struct tool_source *source)
{
    const struct env_dek_context *dek = &opener->dek;
    struct env_named_sealed *sealed = (struct env_named_sealed *)(void *)opener->plain;
    struct env_key_file *file = NULL;
    size_t len = 0;
    ssize_t n = 1;
    ENV_RESULT r;

    if (!tool_source_rewind(source))
        return ENV_FAIL(ENV_R_TRUNCATED);
    while (n > 0 && len <= ENV_KEY_FILE_MAX) {
        n = tool_source_read(source, opener->piece + len, PIECE - len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        return ENV_FAIL(ENV_R_TRUNCATED); /* the source says why */
    ENV_TRY(env_key_file_parse(dek->errors, dek->crypto, "the file",
                               (struct env_span){opener->piece, len}, &file));
    r = tool_keys_may_use(opener->keys, file->clear.name, file->clear.number);
    if (env_ok(r))
        r = env_named_open(dek, file, opener->by_rsa, sealed);
    OPENSSL_cleanse(sealed, sizeof(*sealed));
    env_key_file_free(file);
    return r;
}

bool tool_opener_run(struct tool_opener *opener, const struct tool_message *message,
                     struct tool_source *source, struct env_span context, uint64_t *plain_len,
                     struct tool_failure *failure)
{
    ENV_RESULT r;

    *plain_len = 0;
    source->why = NULL;
    if (message->header.content == ENV_CONTENT_SEALED_KEY) {
        r = env_dek_open(&opener->dek, message->der, ENV_CONTENT_SEALED_KEY, opener->deks);
        OPENSSL_cleanse(opener->deks, TOOL_TRY_ROOM);
    } else if (message->header.content == ENV_CONTENT_NAMED_KEY) {
        r = open_named_key(opener, source);
    } else {
        r = open_message(opener, source, context, plain_len);
    }
    if (env_ok(r))
        return true;
    if (source->why != NULL)
        tool_failure_set(failure, "%s", source->why);
    else
        tool_failure_take(r, failure);
    *plain_len = 0;
    return false;
}
