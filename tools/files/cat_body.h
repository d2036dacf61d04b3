/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs part of a message's plaintext, reading only the segments that contain it. The last
 * segment is read first, at the place that follows from the size, and verified as the last one.
 * This proves that nothing is missing and nothing was added, wherever the part is.
 */
#ifndef ENVELOPE_TOOL_CAT_BODY_H
#define ENVELOPE_TOOL_CAT_BODY_H

#include "tools/common/keys.h"
#include "tools/common/message.h"

struct tool_cat {
    const struct env_dek_context *dek;
    const void *configured; /* the context of openssl.cnf, or NULL */
    struct env_span context;
    const struct tool_message *message; /* including what its size shows */
    uint64_t offset;
    uint64_t length; /* cut at the end of the message */
    /* Reads up to len bytes; fewer only at the end of the message. */
    ENV_RESULT (*read)(void *arg, uint64_t offset, uint8_t *to, size_t len, size_t *got);
    ENV_RESULT (*give)(void *arg, struct env_span bytes);
    void *arg;
};

/* Fails with RANGE_PAST_END, TRUNCATED and the like. Only verified plaintext is output. */
ENV_RESULT tool_cat_body(const struct tool_cat *cat);

#endif
