/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a readable openssl.cnf that do not mean what they seem to. */
#ifndef ENVELOPE_TOOL_SETTINGS_TRAPS_H
#define ENVELOPE_TOOL_SETTINGS_TRAPS_H

#include "tools/common/settings.h"

enum tool_trap {
    TOOL_TRAP_KEY,       /* the key is unknown (another one may be meant) */
    TOOL_TRAP_SECTION,   /* its value is the name of a section, so the provider never sees it */
    TOOL_TRAP_ELSEWHERE, /* a key of ours in another section */
    TOOL_TRAP_ONLY_ONE,  /* default_properties without "?" leave all other providers out */
};

/* Receives one probable mistake. key belongs to the settings. */
typedef void tool_trap_fn(void *arg, enum tool_trap trap, const char *key, const char *what);

/* Passes each trap to take. settings_lines.h finds those that only the text shows. */
void tool_settings_traps(const struct tool_settings *settings, tool_trap_fn *take, void *arg);

#endif
