/* SPDX-License-Identifier: Apache-2.0 */
/* What a file begins with, and whether its end is complete; nothing is opened. */
#ifndef ENVELOPE_TOOL_MESSAGE_H
#define ENVELOPE_TOOL_MESSAGE_H

#include "envelope/format/header.h"
#include "envelope/format/named_key.h"
#include "tools/common/errors.h"
#include "tools/common/source.h"

struct tool_message {
    struct env_header header;
    struct env_span der;  /* the header's bytes, in bytes */
    bool base64;          /* the numbers are those of what it decodes to */
    uint32_t segment_len; /* of a message */
    uint64_t size;        /* of it all */
    uint64_t body_len;    /* FLOE's header and segments */
    uint64_t last_at;     /* where the last segment begins if nothing is missing */
    uint32_t last_len;
    /* NONE: its last segment ends where it all ends; TRUNCATED, TRAILING_DATA, BAD_SEGMENT_LENGTH
     */
    enum env_reason end;
    uint64_t plain_len;                 /* 0 unless the end is complete */
    uint8_t bytes[ENV_HEADER_MAX + 74]; /* with FLOE's header */
};

/* Whether FLOE's header and segments follow: of messages and named keys. */
bool tool_message_has_body(const struct tool_message *message);

/* "orders@1" of a named key, as its header claims; "?" where that cannot be read, "" of all else.
 */
const char *tool_message_key_name(const struct tool_message *message,
                                  char name[ENV_NAMED_FULL_NAME]);

/* Whether messages may have segments of that length. */
bool tool_segment_len_known(uint32_t segment_len);

/*
 * Checks the first bytes of something `size` bytes long: head holds all of them, or at least
 * sizeof(bytes). NOT_A_MESSAGE and whatever the header's reader says, not raised. Of the end only
 * what the size alone shows: tool_message_see_end has the rest.
 */
ENV_RESULT tool_message_parse(struct env_span head, uint64_t size, struct tool_message *out);

/* prefix is what stands at last_at: a cut shows there, wherever it is. */
void tool_message_see_end(struct tool_message *message, const uint8_t prefix[4]);

/*
 * Both for a source, from its beginning; what is base64 is decoded, and read to its end, as what
 * has no size is. False: it could not be read, failure says why.
 */
bool tool_message_read(struct tool_source *source, struct tool_message *out, ENV_RESULT *result,
                       struct tool_failure *failure);

#endif
