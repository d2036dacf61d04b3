/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CHECK_CONFIGURATION_H
#define ENVELOPE_TOOL_CHECK_CONFIGURATION_H

#include "tools/check/check_say.h"

/* Checks the file, its section and its values. False: no further check makes sense. */
bool tool_check_configuration(struct tool_check *check);

#endif
