/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/commands.h"

#include "tools/check/cmd_check.h"
#include "tools/cmd_completion.h"
#include "tools/files/cmd_cat.h"
#include "tools/files/cmd_open.h"
#include "tools/files/cmd_seal.h"
#include "tools/kek/cmd_kek.h"
#include "tools/key/cmd_datakey.h"
#include "tools/key/cmd_key.h"
#include "tools/look/cmd_census.h"
#include "tools/look/cmd_inspect.h"
#include "tools/look/cmd_inventory.h"
#include "tools/look/cmd_verify.h"
#include "tools/rotate/cmd_reencrypt.h"
#include "tools/rotate/cmd_rewrap.h"
#include "tools/stats/cmd_stats.h"

const struct tool_command *const tool_commands[] = {
    &tool_command_seal,      &tool_command_open,   &tool_command_cat,        &tool_command_inspect,
    &tool_command_census,    &tool_command_verify, &tool_command_check,      &tool_command_key,
    &tool_command_datakey,   &tool_command_kek,    &tool_command_inventory,  &tool_command_rewrap,
    &tool_command_reencrypt, &tool_command_stats,  &tool_command_completion, NULL,
};
