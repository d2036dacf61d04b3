/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_COMMANDS_H
#define ENVELOPE_TOOL_COMMANDS_H

#include "tools/common/run.h"

/* All subcommands, in the order of the help; ends with NULL. */
extern const struct tool_command *const tool_commands[];

#endif
