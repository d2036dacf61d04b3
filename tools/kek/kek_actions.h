/* SPDX-License-Identifier: Apache-2.0 */
/* The actions of envelope kek. */
#ifndef ENVELOPE_TOOL_KEK_ACTIONS_H
#define ENVELOPE_TOOL_KEK_ACTIONS_H

#include "tools/common/run.h"

extern const struct tool_command tool_kek_list;
extern const struct tool_command tool_kek_rotate;

#endif
