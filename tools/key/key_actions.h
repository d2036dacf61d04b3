/* SPDX-License-Identifier: Apache-2.0 */
/* The actions of envelope key, each in its file cmd_NAME.c. */
#ifndef ENVELOPE_TOOL_KEY_ACTIONS_H
#define ENVELOPE_TOOL_KEY_ACTIONS_H

#include "tools/common/run.h"

extern const struct tool_command tool_key_new;
extern const struct tool_command tool_key_import;
extern const struct tool_command tool_key_export;
extern const struct tool_command tool_key_stand_in;
extern const struct tool_command tool_key_which;
extern const struct tool_command tool_key_tenant;
extern const struct tool_command tool_key_list;
extern const struct tool_command tool_key_verify;
extern const struct tool_command tool_key_rotate;
extern const struct tool_command tool_key_activate;
extern const struct tool_command tool_key_destroy;

#endif
