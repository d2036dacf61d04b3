/* SPDX-License-Identifier: Apache-2.0 */
/* One recipient of a header, tried with the KEK that it names. */
#ifndef ENVELOPE_TOOL_RECIPIENT_H
#define ENVELOPE_TOOL_RECIPIENT_H

#include "envelope/base/json.h"
#include "envelope/message/audit.h"
#include "tools/common/keys.h"

enum tool_recipient_state {
    TOOL_RECIPIENT_OPENS,    /* it unwraps and the header's MAC holds */
    TOOL_RECIPIENT_NOT_HERE, /* its KEK is on no configured token */
    TOOL_RECIPIENT_FAILS,    /* the KEK is here, and failure says what went wrong */
};

struct tool_recipient {
    enum tool_recipient_state state;
    char label[ENV_KEK_TEXT]; /* of the KEK that opened it */
    char token[ENV_KEK_TEXT];
    struct tool_failure failure;
};

/* The results of trying all recipients of a header. */
struct tool_recipients {
    size_t count;
    bool opens;                                   /* at least one does */
    bool fails;                                   /* at least one does that should not */
    uint8_t message_id[ENV_AUDIT_MESSAGE_ID_LEN]; /* where one opens: as the audit log has it */
    struct tool_recipient list[ENV_KEK_RECIPIENTS_MAX];
};

#define TOOL_TRY_ROOM (2 * ENV_DEK_LEN)

/*
 * Tries every recipient. deks is TOOL_TRY_ROOM bytes of secret memory, wiped afterwards. Recipients
 * that open have to agree on the DEK: with any of them the body is the same.
 */
void tool_recipients_try(const struct tool_keys *keys, const struct env_header *header,
                         struct env_span der, uint8_t *deks, struct tool_recipients *out);

/* The message's id, as a member of the object that is open. */
void tool_message_id_json(struct env_json *json, const uint8_t id[ENV_AUDIT_MESSAGE_ID_LEN]);

/* "opens", "not here", "fails" */
const char *tool_recipient_word(enum tool_recipient_state state);

/* What it came to, as members of the object that is open. */
void tool_recipient_json(struct env_json *json, const struct tool_recipient *recipient);

#endif
