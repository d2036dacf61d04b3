/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of data a file begins with, and whether its end is complete; nothing is decrypted. */
#ifndef ENVELOPE_TOOL_MESSAGE_H
#define ENVELOPE_TOOL_MESSAGE_H

#include "envelope/format/header.h"
#include "envelope/format/named_key.h"
#include "tools/common/errors.h"
#include "tools/common/source.h"

struct tool_message {
    struct env_header header;
    struct env_span der;  /* the header, within bytes */
    bool base64;          /* the numbers are those of the decoded data */
    uint32_t segment_len; /* of a message */
    uint64_t size;        /* of everything */
    uint64_t body_len;    /* FLOE's header and segments */
    uint64_t last_at;     /* where the last segment begins if nothing is missing */
    uint32_t last_len;
    /*
     * NONE: the last segment ends at the end of the data; otherwise TRUNCATED, TRAILING_DATA or
     * BAD_SEGMENT_LENGTH
     */
    enum env_reason end;
    uint64_t plain_len;                 /* 0 unless the end is complete */
    uint8_t bytes[ENV_HEADER_MAX + 74]; /* with FLOE's header */
};

/* Whether FLOE's header and segments follow: true for messages and named keys. */
bool tool_message_has_body(const struct tool_message *message);

/*
 * "orders@1" for a named key, as its header claims; "?" if that cannot be read; "" for anything
 * else.
 */
const char *tool_message_key_name(const struct tool_message *message,
                                  char name[ENV_NAMED_FULL_NAME]);

/* Whether messages may have segments of this length. */
bool tool_segment_len_known(uint32_t segment_len);

/*
 * Checks the first bytes of data that is `size` bytes long: head must hold all of it, or at least
 * sizeof(bytes). Fails, without raising, with NOT_A_MESSAGE or as the header's reader does. Of the
 * end, it checks only what the size shows; tool_message_see_end does the rest.
 */
ENV_RESULT tool_message_parse(struct env_span head, uint64_t size, struct tool_message *out);

/* prefix is what was read at last_at. It shows a truncation, wherever that is. */
void tool_message_see_end(struct tool_message *message, const uint8_t prefix[4]);

/*
 * Does both for a source, from its beginning. Base64 is decoded and read to its end, like anything
 * without a size. False: it could not be read, and failure says why.
 */
bool tool_message_read(struct tool_source *source, struct tool_message *out, ENV_RESULT *result,
                       struct tool_failure *failure);

#endif
