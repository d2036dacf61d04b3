/* SPDX-License-Identifier: Apache-2.0 */

#include <openssl/crypto.h>

#include "envelope/format/floe.h"
#include "envelope/base/secret.h"
#include "envelope/message/stream.h"
#include "tools/rotate/replace.h"
#include "tools/rotate/rotate_file.h"

/* Bytes that are read at once: a large segment, or many small ones. */
#define PIECE (1024u * 1024u)

/* Lives in secret memory. */
struct work {
    struct env_floe from;
    struct env_floe to;
    uint8_t dek[ENV_DEK_LEN];
    uint8_t in[PIECE];
    uint8_t plain[PIECE];
    uint8_t out[PIECE + ENV_FLOE_OVERHEAD]; /* one segment may become two, of which one is empty */
    size_t out_len;
    bool last;
};

/* ---- the headers ---- */

static ENV_RESULT open_header(const struct tool_rotation *rotation,
                              const struct tool_target *target, struct work *work, off_t *offset)
{
    struct env_header *header = NULL;
    uint8_t *der = NULL;
    size_t der_len = 0;
    ENV_RESULT r = tool_target_header(target, &der, &der_len);

    if (env_ok(r))
        r = env_dek_read_header((struct env_span){der, der_len}, ENV_CONTENT_MESSAGE, &header);
    if (env_ok(r))
        r = env_dek_open_header(rotation->dek, header, (struct env_span){der, der_len}, work->dek);
    OPENSSL_free(header);
    OPENSSL_free(der);
    *offset = (off_t)der_len;
    return r;
}

static ENV_RESULT open_body(const struct tool_rotation *rotation, const struct tool_target *target,
                            struct work *work, off_t *offset)
{
    struct env_floe_params params = {0, ENV_FLOE_ROTATION};
    uint8_t header[ENV_FLOE_HEADER_LEN];
    size_t got = 0;

    ENV_TRY(tool_target_read(target, *offset, header, sizeof(header), &got));
    if (got < sizeof(header))
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(env_floe_segment_len(header, &params.segment_len));
    if (params.segment_len != env_stream_envelope.segment_len &&
        params.segment_len != env_stream_envelope_1m.segment_len)
        return ENV_FAIL(ENV_R_SEGMENT_LENGTH);
    *offset += (off_t)got;
    return env_floe_open_start(&work->from, rotation->dek->crypto, params, work->dek,
                               rotation->context, header);
}

static ENV_RESULT seal_headers(const struct tool_rotation *rotation, struct work *work,
                               struct tool_replacement *replacement)
{
    uint8_t header[ENV_FLOE_HEADER_LEN];
    uint8_t *der = NULL;
    size_t der_len = 0;
    ENV_RESULT r;

    ENV_TRY(env_dek_seal(rotation->dek, &rotation->selector, ENV_CONTENT_MESSAGE, work->dek, &der,
                         &der_len));
    r = env_floe_seal_start(&work->to, rotation->dek->crypto, work->from.params, work->dek,
                            rotation->context, header);
    OPENSSL_cleanse(work->dek, sizeof(work->dek));
    if (env_ok(r))
        r = tool_replacement_append(replacement, (struct env_span){der, der_len});
    if (env_ok(r))
        r = tool_replacement_append(replacement, (struct env_span){header, sizeof(header)});
    OPENSSL_free(der);
    return r;
}

/* ---- the body ---- */

static ENV_RESULT seal_one(struct work *work, size_t plain_len, bool last)
{
    ENV_TRY(env_floe_seal_segment(&work->to, (struct env_span){work->plain, plain_len},
                                  (struct env_span){NULL, 0}, last, work->out + work->out_len));
    work->out_len += plain_len + ENV_FLOE_OVERHEAD;
    return ENV_OK;
}

/* Opens and seals the segment that begins there; *len is its length. */
static ENV_RESULT next_segment(struct work *work, struct env_span rest, size_t *len)
{
    size_t plain_len = 0;
    ENV_RESULT r;

    if (rest.len < ENV_FLOE_PREFIX_LEN)
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(env_floe_segment_prefix(&work->from.params, rest.data, len, &work->last));
    if (rest.len < *len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(env_floe_open_segment(&work->from, (struct env_span){rest.data, *len}, work->plain,
                                  &plain_len));
    if (!work->last || plain_len < env_floe_plain_len(&work->to.params))
        return seal_one(work, plain_len, work->last);
    r = seal_one(work, plain_len, false); /* we write no full segment as the last */
    return env_ok(r) ? seal_one(work, 0, true) : r;
}

static ENV_RESULT next_piece(const struct tool_target *target, struct work *work, off_t *offset)
{
    size_t got = 0;
    size_t done = 0;

    work->out_len = 0;
    ENV_TRY(tool_target_read(target, *offset, work->in, sizeof(work->in), &got));
    do {
        size_t len = 0;

        ENV_TRY(next_segment(work, (struct env_span){work->in + done, got - done}, &len));
        done += len;
    } while (!work->last && done < got);
    *offset += (off_t)done;
    if (work->last && *offset != target->seen.st_size)
        return ENV_FAIL(ENV_R_TRAILING_DATA);
    return ENV_OK;
}

static ENV_RESULT reencrypt(const struct tool_rotation *rotation, const struct tool_target *target,
                            struct work *work, off_t offset, struct tool_replacement *replacement)
{
    ENV_TRY(seal_headers(rotation, work, replacement));
    while (!work->last) {
        ENV_TRY(next_piece(target, work, &offset));
        ENV_TRY(tool_replacement_append(replacement, (struct env_span){work->out, work->out_len}));
    }
    return tool_replacement_commit(replacement);
}

static ENV_RESULT with_work(const struct tool_rotation *rotation, const struct tool_target *target,
                            struct work *work)
{
    struct tool_replacement replacement;
    off_t offset = 0;
    ENV_RESULT r;

    ENV_TRY(open_header(rotation, target, work, &offset));
    ENV_TRY(open_body(rotation, target, work, &offset));
    if (rotation->dry_run)
        return tool_replacement_allowed(target);
    ENV_TRY(tool_replacement_begin(target, &replacement));
    r = reencrypt(rotation, target, work, offset, &replacement);
    tool_replacement_end(&replacement);
    return r;
}

ENV_RESULT tool_reencrypt_file(const struct tool_rotation *rotation, struct tool_target *target,
                               struct tool_rotated_file *result)
{
    struct work *work;
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    result->done = TOOL_ROTATED_REPLACED;
    ENV_TRY(tool_rotate_open(rotation, target, &result->recovered));
    work = env_secret_alloc(sizeof(*work));
    if (work != NULL) {
        r = with_work(rotation, target, work);
        env_floe_clear(&work->from);
        env_floe_clear(&work->to);
    }
    env_secret_free(work, sizeof(struct work));
    tool_target_close(target);
    return r;
}
