/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a message a new DEK, under today's KEKs: its body is opened and sealed again, segment by
 * segment in secret memory. What does not verify ends it.
 */
#ifndef ENVELOPE_TOOL_REENCRYPT_H
#define ENVELOPE_TOOL_REENCRYPT_H

#include "tools/common/message.h"
#include "tools/rotate/new_header.h"

/* Where the message comes from, and where the new one goes. */
struct tool_reencrypt_io {
    /* Reads up to len bytes; fewer only where the message ends. */
    ENV_RESULT (*read)(void *arg, uint64_t offset, uint8_t *to, size_t len, size_t *got);
    ENV_RESULT (*append)(void *arg, struct env_span bytes);
    void *arg;
};

struct tool_reencryption;

/*
 * Opens the message's headers. WRONG_CONTENT for a sealed key. All that it is given outlives *out,
 * which is NULL on failure.
 */
ENV_RESULT tool_reencryption_new(const struct tool_rotation *rotation,
                                 const struct tool_message *message, struct env_span context,
                                 const struct tool_reencrypt_io *io,
                                 struct tool_reencryption **out);
void tool_reencryption_free(struct tool_reencryption *re);

/* Writes the new message, all of it. */
ENV_RESULT tool_reencryption_run(struct tool_reencryption *re);

#endif
