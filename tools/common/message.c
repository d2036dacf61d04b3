/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/message.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/format/floe.h"
#include "envelope/message/stream.h"

_Static_assert(sizeof(((struct tool_message *)0)->bytes) == ENV_HEADER_MAX + ENV_FLOE_HEADER_LEN,
               "room for both headers");

/* The plaintext's length follows from the size, since every segment adds the same. */
static void measure_body(struct tool_message *message)
{
    uint64_t segments_len;
    uint64_t segments;
    uint64_t last;

    if (message->body_len < ENV_FLOE_HEADER_LEN + ENV_FLOE_OVERHEAD)
        return;
    segments_len = message->body_len - ENV_FLOE_HEADER_LEN;
    last = segments_len % message->segment_len;
    if (last > 0 && last < ENV_FLOE_OVERHEAD)
        return;
    segments = segments_len / message->segment_len + (last > 0);
    message->plain_len = segments_len - segments * ENV_FLOE_OVERHEAD;
    message->plain_known = true;
}

static ENV_RESULT parse_body(struct env_span rest, struct tool_message *message)
{
    if (message->header.content == ENV_CONTENT_SEALED_KEY)
        return message->body_len == 0 ? ENV_OK : ENV_FAIL(ENV_R_TRAILING_DATA);
    if (rest.len < ENV_FLOE_HEADER_LEN)
        return ENV_FAIL(ENV_R_TRUNCATED);
    ENV_TRY(env_floe_segment_len(rest.data, &message->segment_len));
    if (message->segment_len != env_stream_envelope.segment_len &&
        message->segment_len != env_stream_envelope_1m.segment_len)
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
    ENV_TRY(env_header_decode((struct env_span){head.data, len}, &out->header));
    if (head.data != out->bytes)
        memcpy(out->bytes, head.data, len);
    out->der = (struct env_span){out->bytes, len};
    out->body_len = size - len;
    return parse_body((struct env_span){head.data + len, head.len - len}, out);
}

ssize_t tool_read_full(int fd, void *buffer, size_t size)
{
    size_t filled = 0;

    while (filled < size) {
        ssize_t n = read(fd, (char *)buffer + filled, size - filled);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        filled += (size_t)n;
    }
    return (ssize_t)filled;
}

/* What can not be asked for its size is read to its end. */
static bool count_rest(int fd, uint64_t *size)
{
    char buffer[16384];
    ssize_t n;

    while ((n = tool_read_full(fd, buffer, sizeof(buffer))) > 0)
        *size += (uint64_t)n;
    return n == 0;
}

static bool read_and_parse(int fd, struct tool_message *out, ENV_RESULT *result)
{
    ssize_t n = tool_read_full(fd, out->bytes, sizeof(out->bytes));
    struct env_span head = {out->bytes, n > 0 ? (size_t)n : 0};
    uint64_t size = head.len;
    struct stat st;

    if (n < 0 || fstat(fd, &st) != 0)
        return false;
    /* a file that shrinks meanwhile is as long as what was read of it, at least */
    if (S_ISREG(st.st_mode) && st.st_size > n)
        size = (uint64_t)st.st_size;
    *result = tool_message_parse(head, size, out);
    if (S_ISREG(st.st_mode) || head.len < sizeof(out->bytes) ||
        result->reason == ENV_R_NOT_A_MESSAGE)
        return true;
    if (!count_rest(fd, &size))
        return false;
    *result = tool_message_parse(head, size, out);
    return true;
}

bool tool_message_read(int fd, struct tool_message *out, ENV_RESULT *result,
                       struct tool_failure *failure)
{
    if (read_and_parse(fd, out, result))
        return true;
    tool_failure_set(failure, "%s", strerrordesc_np(errno));
    return false;
}
