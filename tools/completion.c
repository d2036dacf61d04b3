/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/completion.h"

#include <stddef.h>
#include <string.h>

enum tool_completes tool_completes_value(const struct tool_option *option)
{
    if (option->field == offsetof(struct tool_options, kek) ||
        option->field == offsetof(struct tool_options, from))
        return TOOL_COMPLETES_KEK;
    if (option->field == offsetof(struct tool_options, under))
        return TOOL_COMPLETES_KEY;
    if (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "OUT") == 0)
        return TOOL_COMPLETES_FILE;
    return strcmp(option->argument, "DIR") == 0 ? TOOL_COMPLETES_FOLDER : TOOL_COMPLETES_NOTHING;
}

enum tool_completes tool_completes_operand(const struct tool_command *command)
{
    const char *operands = command->operands;

    if (strstr(operands, "FILE") != NULL || strstr(operands, "PATH") != NULL)
        return TOOL_COMPLETES_FILE;
    if (strstr(operands, "NAME") != NULL)
        return TOOL_COMPLETES_KEY;
    return strchr(operands, '|') != NULL ? TOOL_COMPLETES_WORD : TOOL_COMPLETES_NOTHING;
}

void tool_options_visit(FILE *out, const struct tool_command *command, tool_option_visit_fn *visit)
{
    const struct tool_option *tables[TOOL_OPTION_TABLES + 1] = {NULL};
    size_t count = 0;

    while (command->tables[count] != NULL) {
        tables[count] = command->tables[count];
        count++;
    }
    tables[count] = tool_options_common;
    for (size_t i = 0; i <= count; i++) {
        for (const struct tool_option *option = tables[i]; option->name != NULL; option++)
            visit(out, command, option);
    }
}
