/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key/cmd_key.h"

#include "tools/key/key_actions.h"

static const struct tool_command *const actions[] = {
    &tool_key_new,    &tool_key_import,   &tool_key_export,  &tool_key_stand_in,
    &tool_key_which,  &tool_key_tenant,   &tool_key_list,    &tool_key_verify,
    &tool_key_rotate, &tool_key_activate, &tool_key_destroy, NULL,
};

const struct tool_command tool_command_key = {
    .name = "key",
    .operands = "ACTION",
    .summary = "Makes, imports, lists, rotates and destroys named keys",
    .actions = actions,
};
