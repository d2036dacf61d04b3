/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void begin(struct tool_source *source, int fd, struct env_span memory)
{
    source->fd = fd;
    source->memory = memory;
    source->memory_at = 0;
    source->base64 = false;
    source->why = NULL;
    source->text_at = 0;
    source->text_len = 0;
}

void tool_source_of_fd(struct tool_source *source, int fd)
{
    begin(source, fd, (struct env_span){NULL, 0});
}

void tool_source_of_memory(struct tool_source *source, struct env_span memory)
{
    begin(source, -1, memory);
}

void tool_source_is_base64(struct tool_source *source, struct env_span begun)
{
    source->base64 = true;
    source->decoder = (struct tool_base64){0};
    memcpy(source->text, begun.data, begun.len);
    source->text_at = 0;
    source->text_len = begun.len;
}

bool tool_source_rewind(struct tool_source *source)
{
    source->memory_at = 0;
    source->decoder = (struct tool_base64){0};
    source->text_at = 0;
    source->text_len = 0;
    if (source->fd < 0 || lseek(source->fd, 0, SEEK_SET) == 0)
        return true;
    source->why = strerrordesc_np(errno);
    return false;
}

/* ---- unencoded ---- */

static ssize_t read_fd(struct tool_source *source, uint8_t *buffer, size_t size)
{
    size_t filled = 0;

    while (filled < size) {
        ssize_t n = TEMP_FAILURE_RETRY(read(source->fd, buffer + filled, size - filled));

        if (n < 0) {
            source->why = strerrordesc_np(errno);
            return -1;
        }
        if (n == 0)
            break;
        filled += (size_t)n;
    }
    return (ssize_t)filled;
}

static ssize_t read_raw(struct tool_source *source, uint8_t *buffer, size_t size)
{
    size_t n = source->memory.len - source->memory_at;

    if (source->fd >= 0)
        return read_fd(source, buffer, size);
    if (n > size)
        n = size;
    if (n > 0)
        memcpy(buffer, source->memory.data + source->memory_at, n);
    source->memory_at += n;
    return (ssize_t)n;
}

/* ---- base64 ---- */

/* The next piece of text that decodes to at most size bytes; 0 at the end. */
static ssize_t next_text(struct tool_source *source, size_t size, struct env_span *text)
{
    size_t most = size / 3 * 4; /* characters; up to 3 are already held */

    if (source->text_at == source->text_len) {
        ssize_t n = read_raw(source, source->text, sizeof(source->text));

        if (n < 0)
            return -1;
        source->text_at = 0;
        source->text_len = (size_t)n;
    }
    text->data = source->text + source->text_at;
    text->len = source->text_len - source->text_at;
    most = most > source->decoder.count ? most - source->decoder.count : 1;
    if (text->len > most)
        text->len = most;
    source->text_at += text->len;
    return (ssize_t)text->len;
}

static ssize_t read_base64(struct tool_source *source, uint8_t *buffer, size_t size)
{
    size_t filled = 0;

    while (size - filled >= 3) {
        struct env_span text;
        size_t len = 0;
        ssize_t n = next_text(source, size - filled, &text);

        if (n < 0)
            return -1;
        source->why = n > 0 ? tool_base64_decode(&source->decoder, text, buffer + filled, &len)
                            : tool_base64_end(&source->decoder);
        if (source->why != NULL)
            return -1;
        if (n == 0)
            break;
        filled += len;
    }
    return (ssize_t)filled;
}

ssize_t tool_source_read(struct tool_source *source, uint8_t *buffer, size_t size)
{
    return source->base64 ? read_base64(source, buffer, size) : read_raw(source, buffer, size);
}
