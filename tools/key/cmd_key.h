/* SPDX-License-Identifier: Apache-2.0 */
/* envelope key: managing named keys. */
#ifndef ENVELOPE_TOOL_CMD_KEY_H
#define ENVELOPE_TOOL_CMD_KEY_H

#include "tools/common/run.h"

extern const struct tool_command tool_command_key;

#endif
