/* SPDX-License-Identifier: Apache-2.0 */
/* One recipient of a header, tried with the KEK that it names. */
#ifndef ENVELOPE_TOOL_RECIPIENT_H
#define ENVELOPE_TOOL_RECIPIENT_H

#include "json.h"
#include "keys.h"

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

/* dek is in secret memory; it holds the DEK when the recipient opens, and zeros otherwise. */
void tool_recipient_try(const struct tool_keys *keys, const struct env_recipient *recipient,
                        struct env_span der, uint8_t dek[ENV_DEK_LEN], struct tool_recipient *out);

/* "opens", "not here", "fails" */
const char *tool_recipient_word(enum tool_recipient_state state);

/* What it came to, as members of the object that is open. */
void tool_recipient_json(struct tool_json *json, const struct tool_recipient *recipient);

#endif
