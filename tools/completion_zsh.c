/* SPDX-License-Identifier: Apache-2.0 */
/* The script for zsh: _arguments, with the texts of the help. */
#include <string.h>

#include "tools/completion.h"

static const char *const actions[] = {
    [TOOL_COMPLETES_NOTHING] = " ",
    [TOOL_COMPLETES_FILE] = "_files",
    [TOOL_COMPLETES_FOLDER] = "_files -/",
    [TOOL_COMPLETES_KEK] = "_envelope_words keks",
    [TOOL_COMPLETES_KEY] = "_envelope_words keys",
    [TOOL_COMPLETES_WORD] = " ",
};

static const char begin[] =
    "#compdef envelope\n"
    "# Completion of envelope(1) for zsh, made by \"envelope completion zsh\".\n"
    "_envelope_words()\n"
    "{\n"
    "    local -a found\n"
    "    found=(${(f)\"$(command envelope completion $1 2>/dev/null)\"})\n"
    "    (( $#found == 0 )) || compadd -a found\n"
    "}\n"
    "_envelope()\n"
    "{\n"
    "    local -a names\n";

static const char end[] = "}\n"
                          "if [[ $funcstack[1] == _envelope ]]; then\n"
                          "    _envelope \"$@\"\n"
                          "else\n"
                          "    compdef _envelope envelope\n"
                          "fi\n";

/*
 * Quotes text within '...', and within a part of a specification that one of these characters ends.
 */
static void print_quoted(FILE *out, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            (void)fputs("'\\''", out);
        else if (strchr(special, *text) != NULL)
            (void)fprintf(out, "\\%c", *text);
        else
            (void)fputc(*text, out);
    }
}

static void print_spec(FILE *out, const char *name, const struct tool_option *option)
{
    (void)fprintf(out, " \\\n            '%s", name);
    if (option->argument != NULL)
        (void)fputs(name[1] == '-' ? "=" : "+", out);
    (void)fputc('[', out);
    print_quoted(out, option->help, "[]\\");
    (void)fputc(']', out);
    if (option->argument != NULL) {
        (void)fputc(':', out);
        print_quoted(out, option->argument, ":\\");
        (void)fprintf(out, ":%s", actions[tool_completes_value(option)]);
    }
    (void)fputc('\'', out);
}

static void print_option(FILE *out, const struct tool_command *command,
                         const struct tool_option *option)
{
    const char letter[] = {'-', option->letter, '\0'};
    char name[64];

    (void)command;
    (void)snprintf(name, sizeof(name), "--%s", option->name);
    print_spec(out, name, option);
    if (option->letter != '\0')
        print_spec(out, letter, option);
}

static void print_operand(FILE *out, const struct tool_command *command)
{
    if (command->operands[0] == '\0')
        return;
    if (tool_completes_operand(command) == TOOL_COMPLETES_WORD) {
        (void)fputs(" \\\n            '1:word:(", out);
        for (const char *at = command->operands; *at != '\0'; at++)
            (void)fputc(*at == '|' ? ' ' : *at, out);
        (void)fputs(")'", out);
        return;
    }
    (void)fputs(" \\\n            '*:", out);
    print_quoted(out, command->operands, ":\\");
    (void)fprintf(out, ":%s'", actions[tool_completes_operand(command)]);
}

static const char *last_word(const struct tool_command *command)
{
    const char *space = strrchr(command->name, ' ');

    return space != NULL ? space + 1 : command->name;
}

/* Offers the names at this level and, after each, what follows it. */
static void print_level(FILE *out, const struct tool_command *const *among, const char *what)
{
    (void)fputs("    if (( CURRENT == 2 )); then\n        names=(", out);
    for (size_t i = 0; among[i] != NULL; i++) {
        (void)fprintf(out, "\n            '%s:", last_word(among[i]));
        print_quoted(out, among[i]->summary, "\\");
        (void)fputc('\'', out);
    }
    (void)fprintf(out, ")\n        _describe -t commands '%s' names\n        return\n    fi\n",
                  what);
    (void)fputs("    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n", out);
    for (size_t i = 0; among[i] != NULL; i++) {
        (void)fprintf(out, "    (%s)\n", last_word(among[i]));
        if (among[i]->actions != NULL) {
            print_level(out, among[i]->actions, "action");
        } else {
            (void)fputs("        _arguments -S", out);
            tool_options_visit(out, among[i], print_option);
            print_operand(out, among[i]);
            (void)fputc('\n', out);
        }
        (void)fputs("        ;;\n", out);
    }
    (void)fputs("    esac\n", out);
}

void tool_completion_zsh(FILE *out, const struct tool_command *const *commands)
{
    (void)fputs(begin, out);
    print_level(out, commands, "subcommand");
    (void)fputs(end, out);
}
