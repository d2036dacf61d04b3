/* SPDX-License-Identifier: Apache-2.0 */
/* What an openssl.cnf lacks before programs find the provider in it. */
#ifndef ENVELOPE_TOOL_SETTINGS_MISSING_H
#define ENVELOPE_TOOL_SETTINGS_MISSING_H

#include <stdbool.h>

#include "tools/common/settings.h"

#define TOOL_SETTINGS_MISSING 1024u

/*
 * Says in out that these lines go to the end of the file, where they can be put as they are: those
 * that lead to the provider's section, that activate it and a provider of AES-GCM. The file is one
 * that was loaded. False: it lacks none.
 */
bool tool_settings_missing(const struct tool_settings *settings, char out[TOOL_SETTINGS_MISSING]);

/*
 * The lines by which programs get our provider's algorithms under the names that others have too:
 * default_properties, beside what it says already.
 */
void tool_settings_prefer_own(const struct tool_settings *settings,
                              char out[TOOL_SETTINGS_MISSING]);

#endif
