/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CMD_SEAL_H
#define ENVELOPE_TOOL_CMD_SEAL_H

#include "tools/common/run.h"

extern const struct tool_command tool_command_seal;

#endif
