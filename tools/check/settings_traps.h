/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of an openssl.cnf that OpenSSL can read, and that do not say what they seem to. */
#ifndef ENVELOPE_TOOL_SETTINGS_TRAPS_H
#define ENVELOPE_TOOL_SETTINGS_TRAPS_H

#include "tools/common/settings.h"

enum tool_trap {
    TOOL_TRAP_KEY,       /* nobody knows it (with a likely meaning) */
    TOOL_TRAP_SECTION,   /* its value is the name of a section: the provider never sees it */
    TOOL_TRAP_ELSEWHERE, /* it is ours, and stands in another section */
};

/* One thing that is likely not meant. key belongs to the settings. */
typedef void tool_trap_fn(void *arg, enum tool_trap trap, const char *key, const char *what);

/*
 * Hands each trap to take. settings_lines.h has those that only the text of the file shows.
 */
void tool_settings_traps(const struct tool_settings *settings, tool_trap_fn *take, void *arg);

#endif
