/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A KEK named on the command line by a label, a pkcs11: URI or its reference in hex. "2025" may be
 * a label or a reference, so both are looked for; "id:2025" can only be a reference.
 */
#ifndef ENVELOPE_TOOL_NAMED_KEK_H
#define ENVELOPE_TOOL_NAMED_KEK_H

#include "tools/common/run.h"

struct tool_named_kek {
    const char *text;
    struct env_kek_id reference; /* the reference that the text spells; len 0: none */
    struct env_kek_id labelled;  /* of the key with this label; len 0: there is none */
    struct tool_failure unasked; /* why the tokens could not be searched, or no text */
};

/*
 * Looks for it. False if it is unknown or ambiguous, which was reported as an error in the option.
 * What only headers can show is left to the caller: both ids may be set, and differ.
 */
bool tool_named_kek_find(struct tool_run *run, const char *option, const char *text,
                         struct tool_named_kek *out);

#endif
