/* SPDX-License-Identifier: Apache-2.0 */
/* Seals or opens one message from beginning to end. Plaintext is in secret memory. */
#ifndef ENVELOPE_TOOL_CARRY_H
#define ENVELOPE_TOOL_CARRY_H

#include "tools/common/keys.h"

#define TOOL_CARRY_PIECE (128u * 1024u)

/* Where the bytes come from, and where they go. */
struct tool_ends {
    /* The next 1 to size bytes; *got is 0 at the end. */
    ENV_RESULT (*take)(void *arg, uint8_t *to, size_t size, size_t *got);
    ENV_RESULT (*give)(void *arg, struct env_span bytes);
    void *arg;
};

/* Holds buffers and streams, reused for each message. */
struct tool_carrier;

/*
 * kek names the KEKs that seal; NULL: the configured ones. Fails with CONTEXT_TOO_LONG or
 * NO_MEMORY. All arguments must outlive *out.
 */
ENV_RESULT tool_carrier_new(const struct tool_keys *keys, const char *kek, struct env_span context,
                            struct tool_carrier **out);
void tool_carrier_free(struct tool_carrier *carrier);

/* Reads plaintext and writes a message with segments of 4 KiB, which openssl enc opens. */
ENV_RESULT tool_carry_seal(struct tool_carrier *carrier, const struct tool_ends *ends);

/* Reads a message and writes plaintext, each segment as soon as it is verified. */
ENV_RESULT tool_carry_open(struct tool_carrier *carrier, const struct tool_ends *ends);

/* ENV_AUDIT_MESSAGE_ID_LEN bytes, for the message opened last. */
const uint8_t *tool_carrier_message_id(const struct tool_carrier *carrier);

#endif
