/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a message a new DEK under today's KEKs. Its body is opened and sealed again, segment by
 * segment, in secret memory. Stops at the first segment that does not verify.
 */
#ifndef ENVELOPE_TOOL_REENCRYPT_H
#define ENVELOPE_TOOL_REENCRYPT_H

#include "tools/common/message.h"
#include "tools/rotate/new_header.h"

/* The source of the message, and the destination of the new one. */
struct tool_reencrypt_io {
    /* Reads up to len bytes; fewer only at the end of the message. */
    ENV_RESULT (*read)(void *arg, uint64_t offset, uint8_t *to, size_t len, size_t *got);
    ENV_RESULT (*append)(void *arg, struct env_span bytes);
    void *arg;
};

struct tool_reencryption;

/*
 * Opens the message's headers. WRONG_CONTENT for a sealed key. All arguments must outlive *out,
 * which is NULL on failure.
 */
ENV_RESULT tool_reencryption_new(const struct tool_rotation *rotation,
                                 const struct tool_message *message, struct env_span context,
                                 const struct tool_reencrypt_io *io,
                                 struct tool_reencryption **out);
void tool_reencryption_free(struct tool_reencryption *re);

/* Writes the complete new message. */
ENV_RESULT tool_reencryption_run(struct tool_reencryption *re);

#endif
