/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_CONFIGURATION_H
#define ENVELOPE_TOOL_CHECK_CONFIGURATION_H

#include "tools/check/check_say.h"

/* The file, its section, its values. False: nothing further makes sense. */
bool tool_check_configuration(struct tool_check *check);

#endif
