/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A KEK that somebody names on the command line: by a label, a pkcs11: URI or its reference in hex.
 * "2025" may be either, so both are looked for; "id:2025" is a reference and nothing else.
 */
#ifndef ENVELOPE_TOOL_NAMED_KEK_H
#define ENVELOPE_TOOL_NAMED_KEK_H

#include "tools/common/run.h"

struct tool_named_kek {
    const char *text;
    struct env_kek_id reference; /* that it spells; len 0: none */
    struct env_kek_id labelled;  /* of the key that has the label; len 0: none has */
    struct tool_failure unasked; /* why the tokens could not be asked for the label, or no text */
};

/*
 * Looks for it. False if it is unknown or ambiguous, which is reported as the option's error. The
 * caller decides what only headers can show: both ids may be set, and differ.
 */
bool tool_named_kek_find(struct tool_run *run, const char *option, const char *text,
                         struct tool_named_kek *out);

#endif
