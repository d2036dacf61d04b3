/* SPDX-License-Identifier: Apache-2.0 */
/* Tries the recipients of a header with the KEKs that they name. */
#ifndef ENVELOPE_TOOL_RECIPIENT_H
#define ENVELOPE_TOOL_RECIPIENT_H

#include "envelope/base/json.h"
#include "envelope/message/audit.h"
#include "tools/common/keys.h"

enum tool_recipient_state {
    TOOL_RECIPIENT_OPENS,    /* unwraps, and the header's MAC verifies */
    TOOL_RECIPIENT_NOT_HERE, /* its KEK is on no configured token */
    TOOL_RECIPIENT_FAILS,    /* its KEK is here, and failure says what went wrong */
};

struct tool_recipient {
    enum tool_recipient_state state;
    char label[ENV_KEK_TEXT]; /* from the KEK that opened it */
    char token[ENV_KEK_TEXT];
    struct tool_failure failure;
};

/* The results for all recipients of a header. */
struct tool_recipients {
    size_t count;
    bool opens;                                   /* at least one opens */
    bool fails;                                   /* at least one fails */
    uint8_t message_id[ENV_AUDIT_MESSAGE_ID_LEN]; /* if one opens, its audit log id */
    struct tool_recipient list[ENV_KEK_RECIPIENTS_MAX];
};

#define TOOL_TRY_ROOM (2 * ENV_DEK_LEN)

/*
 * Tries every recipient. deks is TOOL_TRY_ROOM bytes of secret memory, wiped afterwards. All
 * recipients that open must agree on the DEK, because the body is the same for all.
 */
void tool_recipients_try(const struct tool_keys *keys, const struct env_header *header,
                         struct env_span der, uint8_t *deks, struct tool_recipients *out);

/* The message's id as a member of the open object. */
void tool_message_id_json(struct env_json *json, const uint8_t id[ENV_AUDIT_MESSAGE_ID_LEN]);

/* "opens", "not here", "fails" */
const char *tool_recipient_word(enum tool_recipient_state state);

/* The result as members of the open object. */
void tool_recipient_json(struct env_json *json, const struct tool_recipient *recipient);

#endif
