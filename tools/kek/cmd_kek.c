/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/kek/cmd_kek.h"

#include "tools/kek/kek_actions.h"

static const struct tool_command *const actions[] = {&tool_kek_list, &tool_kek_rotate, NULL};

const struct tool_command tool_command_kek = {
    .name = "kek",
    .operands = "ACTION",
    .summary = "Lists the versions of KEKs, and makes the next one",
    .actions = actions,
};
