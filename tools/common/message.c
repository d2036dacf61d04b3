/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/message.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/format/floe.h"
#include "envelope/message/stream.h"

_Static_assert(sizeof(((struct tool_message *)0)->bytes) == ENV_HEADER_MAX + ENV_FLOE_HEADER_LEN,
               "room for both headers");
_Static_assert(sizeof(((struct tool_message *)0)->bytes) <= TOOL_SOURCE_ROOM,
               "what was read may be base64");

bool tool_segment_len_known(uint32_t segment_len)
{
    return segment_len == env_stream_envelope.segment_len ||
           segment_len == env_stream_envelope_64k.segment_len;
}

bool tool_message_has_body(const struct tool_message *message)
{
    return message->header.content != ENV_CONTENT_SEALED_KEY;
}

const char *tool_message_key_name(const struct tool_message *message,
                                  char name[ENV_NAMED_FULL_NAME])
{
    struct env_named_clear clear;

    name[0] = '\0';
    if (message->header.content != ENV_CONTENT_NAMED_KEY)
        return name;
    if (env_ok(env_named_clear_decode(message->header.parameters, &clear)))
        env_named_full_name(clear.name, clear.number, name);
    else
        (void)snprintf(name, ENV_NAMED_FULL_NAME, "?");
    return name;
}

/* ---- the first bytes ---- */

/*
 * The plaintext's length follows from the size, because each segment adds the same number of bytes.
 */
static void measure_body(struct tool_message *message)
{
    uint64_t segments_len;
    uint64_t segments;
    uint64_t last;

    message->end = ENV_R_TRUNCATED;
    if (message->body_len < ENV_FLOE_HEADER_LEN + ENV_FLOE_OVERHEAD)
        return;
    segments_len = message->body_len - ENV_FLOE_HEADER_LEN;
    last = segments_len % message->segment_len;
    if (last > 0 && last < ENV_FLOE_OVERHEAD)
        return;
    segments = segments_len / message->segment_len + (last > 0);
    message->last_len = last > 0 ? (uint32_t)last : message->segment_len;
    message->last_at = message->size - message->last_len;
    message->plain_len = segments_len - segments * ENV_FLOE_OVERHEAD;
    message->end = ENV_R_NONE;
}

static ENV_RESULT parse_body(struct env_span rest, struct tool_message *message)
{
    if (message->header.content == ENV_CONTENT_SEALED_KEY)
        return message->body_len == 0 ? ENV_OK : ENV_FAIL(ENV_R_TRAILING_DATA);
    if (rest.len < ENV_FLOE_HEADER_LEN)
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(env_floe_segment_len(rest.data, &message->segment_len));
    if (!tool_segment_len_known(message->segment_len))
        return ENV_FAIL(ENV_R_SEGMENT_LENGTH);
    measure_body(message);
    return ENV_OK;
}

ENV_RESULT tool_message_parse(struct env_span head, uint64_t size, struct tool_message *out)
{
    size_t len = 0;

    memset(out, 0, offsetof(struct tool_message, bytes));
    out->size = size;
    ENV_TRY(env_header_length(head, &len));
    if (head.len < len)
        return ENV_FAIL(ENV_R_TRUNCATED);
    if (head.data != out->bytes)
        memcpy(out->bytes, head.data, len);
    out->der = (struct env_span){out->bytes, len};
    ENV_TRY(env_header_decode(out->der, &out->header));
    out->body_len = size - len;
    return parse_body((struct env_span){head.data + len, head.len - len}, out);
}

/* ---- the end ---- */

void tool_message_see_end(struct tool_message *message, const uint8_t prefix[4])
{
    const struct env_floe_params params = {message->segment_len, ENV_FLOE_ROTATION};
    bool last = false;
    size_t len = 0;
    ENV_RESULT r;

    if (!tool_message_has_body(message) || message->end != ENV_R_NONE)
        return;
    r = env_floe_segment_prefix(&params, prefix, &len, &last);
    if (!env_ok(r))
        message->end = r.reason;
    else if (!last || len > message->last_len)
        message->end = ENV_R_TRUNCATED;
    else if (len < message->last_len)
        message->end = ENV_R_TRAILING_DATA;
    if (message->end != ENV_R_NONE)
        message->plain_len = 0;
}

/*
 * Follows a body that can only be read sequentially: its length, and how its last segment begins.
 */
struct along {
    uint64_t at;
    uint64_t segment_at; /* where the segment at `at` begins */
    uint32_t segment_len;
    uint8_t prefix[ENV_FLOE_PREFIX_LEN];
};

static void go_along(struct along *along, struct env_span bytes)
{
    for (size_t i = 0; i < bytes.len;) {
        uint64_t offset = along->at - along->segment_at;
        size_t step = 1;

        if (along->segment_len > 0 && offset == along->segment_len) {
            along->segment_at = along->at;
            offset = 0;
        }
        if (offset < ENV_FLOE_PREFIX_LEN)
            along->prefix[offset] = bytes.data[i];
        else
            step = along->segment_len > 0 && along->segment_len - offset < bytes.len - i
                       ? along->segment_len - (size_t)offset
                       : bytes.len - i;
        i += step;
        along->at += step;
    }
}

/* Reads to the end. The headers, which head has at least, were read already. */
static bool read_through(struct tool_source *source, struct env_span head, struct tool_message *out,
                         ENV_RESULT *result)
{
    struct along along = {.segment_len = out->segment_len};
    size_t headers_len = out->der.len + (tool_message_has_body(out) ? ENV_FLOE_HEADER_LEN : 0);
    uint8_t piece[16384];
    ssize_t n;

    along.at = along.segment_at = headers_len;
    go_along(&along, (struct env_span){head.data + headers_len, head.len - headers_len});
    while ((n = tool_source_read(source, piece, sizeof(piece))) > 0)
        go_along(&along, (struct env_span){piece, (size_t)n});
    if (n < 0)
        return false;
    *result = tool_message_parse(head, along.at, out);
    if (env_ok(*result))
        tool_message_see_end(out, along.prefix);
    return true;
}

static ssize_t read_at(int fd, uint8_t *to, size_t len, uint64_t offset)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = TEMP_FAILURE_RETRY(pread(fd, to + got, len - got, (off_t)(offset + got)));

        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* Gets the size, and reads only the place that shows whether the end is complete. */
static bool look_at_end(struct tool_source *source, uint64_t size, struct env_span head,
                        struct tool_message *out, ENV_RESULT *result)
{
    uint8_t prefix[ENV_FLOE_PREFIX_LEN];
    ssize_t n = (ssize_t)sizeof(prefix);

    *result = tool_message_parse(head, size, out);
    if (!env_ok(*result) || !tool_message_has_body(out) || out->end != ENV_R_NONE)
        return true;
    if (source->fd < 0)
        memcpy(prefix, source->memory.data + out->last_at, sizeof(prefix));
    else
        n = read_at(source->fd, prefix, sizeof(prefix), out->last_at);
    if (n < 0) {
        source->why = strerrordesc_np(errno);
        return false;
    }
    if (n == (ssize_t)sizeof(prefix)) {
        tool_message_see_end(out, prefix);
    } else { /* it has become shorter meanwhile */
        out->end = ENV_R_TRUNCATED;
        out->plain_len = 0;
    }
    return true;
}

static bool judge_whole(struct tool_source *source, struct env_span head, struct tool_message *out,
                        ENV_RESULT *result)
{
    uint64_t size = source->memory.len;
    bool has_size = !source->base64;
    struct stat st;

    if (has_size && source->fd >= 0) {
        if (fstat(source->fd, &st) != 0) {
            source->why = strerrordesc_np(errno);
            return false;
        }
        has_size = S_ISREG(st.st_mode);
        /* if the file shrinks meanwhile, it is at least as long as what was read */
        size = has_size && st.st_size > (off_t)head.len ? (uint64_t)st.st_size : head.len;
    }
    if (has_size)
        return look_at_end(source, size, head, out, result);
    *result = tool_message_parse(head, head.len, out);
    if (out->der.len == 0 || (!env_ok(*result) && result->reason != ENV_R_TRAILING_DATA))
        return true;
    return read_through(source, head, out, result);
}

static bool read_head(struct tool_source *source, struct tool_message *out, struct env_span *head)
{
    ssize_t n = tool_source_read(source, out->bytes, sizeof(out->bytes));

    *head = (struct env_span){out->bytes, n > 0 ? (size_t)n : 0};
    return n >= 0;
}

bool tool_message_read(struct tool_source *source, struct tool_message *out, ENV_RESULT *result,
                       struct tool_failure *failure)
{
    struct env_span head;
    bool ok = read_head(source, out, &head);

    if (ok && !source->base64 && tool_base64_is_message(head)) {
        tool_source_is_base64(source, head);
        ok = read_head(source, out, &head);
    }
    ok = ok && judge_whole(source, head, out, result);
    out->base64 = source->base64;
    if (!ok)
        tool_failure_set(failure, "%s", source->why);
    return ok;
}
