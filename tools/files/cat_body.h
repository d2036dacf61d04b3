/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a message's plaintext; only the segments that contain it are read. The last segment is
 * read and verified as the last one first, at the place where the size puts it: so nothing is
 * missing and nothing was added, wherever the part is.
 */
#ifndef ENVELOPE_TOOL_CAT_BODY_H
#define ENVELOPE_TOOL_CAT_BODY_H

#include "tools/common/keys.h"
#include "tools/common/message.h"

struct tool_cat {
    const struct env_dek_context *dek;
    const void *configured; /* the context of openssl.cnf, or NULL */
    struct env_span context;
    const struct tool_message *message; /* with what its size says */
    uint64_t offset;
    uint64_t length; /* what goes past the end is cut */
    /* Reads up to len bytes; fewer only where the message ends. */
    ENV_RESULT (*read)(void *arg, uint64_t offset, uint8_t *to, size_t len, size_t *got);
    ENV_RESULT (*give)(void *arg, struct env_span bytes);
    void *arg;
};

/* RANGE_PAST_END; TRUNCATED and the like. Only what is verified is given. */
ENV_RESULT tool_cat_body(const struct tool_cat *cat);

#endif
