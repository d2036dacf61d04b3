/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVELOPE_TOOL_CMD_REENCRYPT_H
#define ENVELOPE_TOOL_CMD_REENCRYPT_H

#include "tools/common/run.h"

extern const struct tool_command tool_command_reencrypt;

#endif
