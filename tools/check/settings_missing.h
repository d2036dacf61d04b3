/* SPDX-License-Identifier: Apache-2.0 */
/* What an openssl.cnf lacks for programs to find the provider. */
#ifndef ENVELOPE_TOOL_SETTINGS_MISSING_H
#define ENVELOPE_TOOL_SETTINGS_MISSING_H

#include <stdbool.h>

#include "tools/common/settings.h"

#define TOOL_SETTINGS_MISSING 1024u

/*
 * Writes to out the lines to append to the file: those that lead to the provider's section, and
 * those that activate it and a provider of AES-GCM. The file must be one that was loaded. False:
 * nothing is missing.
 */
bool tool_settings_missing(const struct tool_settings *settings, char out[TOOL_SETTINGS_MISSING]);

/*
 * Writes the line that gives programs our provider's algorithms under the names that other
 * providers have too: default_properties, added to its present value.
 */
void tool_settings_prefer_own(const struct tool_settings *settings,
                              char out[TOOL_SETTINGS_MISSING]);

#endif
