/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of a message come from: a descriptor or memory, as they are or in base64. */
#ifndef ENVELOPE_TOOL_SOURCE_H
#define ENVELOPE_TOOL_SOURCE_H

#include <sys/types.h>

#include "tools/common/base64.h"

#define TOOL_SOURCE_ROOM 32768u

struct tool_source {
    int fd; /* -1: memory */
    struct env_span memory;
    size_t memory_at;
    bool base64;
    const char *why; /* words for what went wrong */
    struct tool_base64 decoder;
    size_t text_at; /* of text, what has been decoded */
    size_t text_len;
    uint8_t text[TOOL_SOURCE_ROOM];
};

/* Both leave the room as it is. The descriptor stays the caller's, and memory stays. */
void tool_source_of_fd(struct tool_source *source, int fd);
void tool_source_of_memory(struct tool_source *source, struct env_span memory);

/*
 * What follows is base64 that begins with these bytes, up to TOOL_SOURCE_ROOM of them, which have
 * been read already.
 */
void tool_source_is_base64(struct tool_source *source, struct env_span begun);

/* Back to the beginning. False: why says why not. */
bool tool_source_rewind(struct tool_source *source);

/*
 * Reads until the buffer has room for less than 3 bytes more, or all has come: 0 at the end. -1
 * with words in why.
 */
ssize_t tool_source_read(struct tool_source *source, uint8_t *buffer, size_t size);

#endif
