/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_CMD_DATAKEY_H
#define ENVELOPE_CMD_DATAKEY_H

#include "tools/common/run.h"

extern const struct tool_command tool_command_datakey;

#endif
