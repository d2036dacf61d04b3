/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CMD_REWRAP_H
#define ENVELOPE_TOOL_CMD_REWRAP_H

#include "tools/common/run.h"

extern const struct tool_command tool_command_rewrap;

#endif
