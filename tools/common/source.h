/* SPDX-License-Identifier: Apache-2.0 */
/* A source of a message's bytes: a descriptor or memory, unencoded or in base64. */
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
    const char *why; /* what went wrong */
    struct tool_base64 decoder;
    size_t text_at; /* how much of the text has been decoded */
    size_t text_len;
    uint8_t text[TOOL_SOURCE_ROOM];
};

/* Neither changes the room. The caller keeps the descriptor or the memory. */
void tool_source_of_fd(struct tool_source *source, int fd);
void tool_source_of_memory(struct tool_source *source, struct env_span memory);

/*
 * Says that base64 follows. It begins with these bytes, up to TOOL_SOURCE_ROOM, which were already
 * read.
 */
void tool_source_is_base64(struct tool_source *source, struct env_span begun);

/* Goes back to the beginning. False: why has the reason. */
bool tool_source_rewind(struct tool_source *source);

/*
 * Reads until the buffer has room for fewer than 3 more bytes, or the source ends: 0 at the end. -1
 * with the reason in why.
 */
ssize_t tool_source_read(struct tool_source *source, uint8_t *buffer, size_t size);

#endif
