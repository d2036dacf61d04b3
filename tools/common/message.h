/* SPDX-License-Identifier: Apache-2.0 */
/* What stands at the beginning of a file, and what its size says; nothing is opened. */
#ifndef ENVELOPE_TOOL_MESSAGE_H
#define ENVELOPE_TOOL_MESSAGE_H

#include "envelope/format/header.h"
#include "tools/common/errors.h"

struct tool_message {
    struct env_header header;
    struct env_span der;                /* the header's bytes, in bytes */
    uint32_t segment_len;               /* of a message */
    uint64_t size;                      /* of it all; header_only: unknown */
    uint64_t body_len;                  /* FLOE's header and segments */
    uint64_t plain_len;                 /* 0 unless plain_known */
    bool plain_known;                   /* the size is one that a whole message can have */
    uint8_t bytes[ENV_HEADER_MAX + 74]; /* with FLOE's header */
};

/*
 * Judges the first bytes of something `size` bytes long: head holds all of them, or at least
 * sizeof(bytes). NOT_A_MESSAGE and whatever the header's reader says, not raised.
 */
ENV_RESULT tool_message_parse(struct env_span head, uint64_t size, struct tool_message *out);

/* The same for a file, from its beginning. False: it could not be read, failure says why. */
bool tool_message_read(int fd, struct tool_message *out, ENV_RESULT *result,
                       struct tool_failure *failure);

/* Reads until the buffer is full or the file ends; -1 with errno. */
ssize_t tool_read_full(int fd, void *buffer, size_t size);

#endif
