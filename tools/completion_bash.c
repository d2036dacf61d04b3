/* SPDX-License-Identifier: Apache-2.0 */
/* The script for bash. Our names and words contain no characters special to the shell. */
#include <string.h>

#include "tools/completion.h"

static const char *const kinds[] = {
    [TOOL_COMPLETES_NOTHING] = "none",   [TOOL_COMPLETES_FILE] = "files",
    [TOOL_COMPLETES_FOLDER] = "folders", [TOOL_COMPLETES_KEK] = "keks",
    [TOOL_COMPLETES_KEY] = "keys",       [TOOL_COMPLETES_WORD] = "word",
};

/* Joins the words that bash split at =, and determines the subcommand and the rest. */
static const char begin[] =
    "# Completion of envelope(1) for bash, made by \"envelope completion bash\".\n"
    "_envelope()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local name=${COMP_WORDS[1]} actions='' options='' kind='' words=''\n"
    "    COMPREPLY=()\n"
    "    if [[ $word == '=' ]]; then\n"
    "        word=''\n"
    "    elif [[ $before == '=' ]] && ((COMP_CWORD > 1)); then\n"
    "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n";

static const char end[] =
    "    case $kind in\n"
    "    files)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
    "        return\n"
    "        ;;\n"
    "    folders)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -d -- \"$word\")\n"
    "        return\n"
    "        ;;\n"
    "    keks | keys) words=$(\"${COMP_WORDS[0]}\" completion \"$kind\" 2>/dev/null) ;;\n"
    "    esac\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
    "}\n"
    "complete -F _envelope envelope\n";

/* ---- subcommands ---- */

static void print_names(FILE *out, const struct tool_command *const *among)
{
    for (size_t i = 0; among[i] != NULL; i++) {
        const char *space = strrchr(among[i]->name, ' ');

        (void)fprintf(out, "%s%s", i > 0 ? " " : "", space != NULL ? space + 1 : among[i]->name);
    }
}

/* "key" and its actions: from there on the name has both words. */
static void print_groups(FILE *out, const struct tool_command *const *commands)
{
    (void)fputs("    if ((COMP_CWORD == 1)); then\n        words='", out);
    print_names(out, commands);
    (void)fputs(" --help --version'\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                "        return\n"
                "    fi\n"
                "    case $name in\n",
                out);
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (commands[i]->actions == NULL)
            continue;
        (void)fprintf(out, "    %s) actions='", commands[i]->name);
        print_names(out, commands[i]->actions);
        (void)fputs("' ;;\n", out);
    }
    (void)fputs("    esac\n"
                "    if [[ -n $actions ]] && ((COMP_CWORD == 2)); then\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"$actions --help\" -- \"$word\")\n"
                "        return\n"
                "    fi\n"
                "    [[ -z $actions ]] || name+=\" ${COMP_WORDS[2]}\"\n",
                out);
}

/* ---- options ---- */

static void print_option(FILE *out, const struct tool_command *command,
                         const struct tool_option *option)
{
    (void)command;
    (void)fprintf(out, " --%s", option->name);
    if (option->letter != '\0')
        (void)fprintf(out, " -%c", option->letter);
}

static void print_value(FILE *out, const struct tool_command *command,
                        const struct tool_option *option)
{
    if (option->argument == NULL)
        return;
    (void)fprintf(out, "    '%s --%s'", command->name, option->name);
    if (option->letter != '\0')
        (void)fprintf(out, " | '%s -%c'", command->name, option->letter);
    (void)fprintf(out, ") kind=%s ;;\n", kinds[tool_completes_value(option)]);
}

static void print_options(FILE *out, const struct tool_command *command)
{
    (void)fprintf(out, "    '%s')\n        options='", command->name);
    tool_options_visit(out, command, print_option);
    (void)fprintf(out, "'\n        kind=%s\n", kinds[tool_completes_operand(command)]);
    if (tool_completes_operand(command) == TOOL_COMPLETES_WORD) {
        (void)fputs("        words='", out);
        for (const char *at = command->operands; *at != '\0'; at++)
            (void)fputc(*at == '|' ? ' ' : *at, out);
        (void)fputs("'\n", out);
    }
    (void)fputs("        ;;\n", out);
}

static void each(FILE *out, const struct tool_command *const *commands,
                 void (*print)(FILE *out, const struct tool_command *command))
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (commands[i]->actions != NULL)
            each(out, commands[i]->actions, print);
        else
            print(out, commands[i]);
    }
}

static void print_values(FILE *out, const struct tool_command *command)
{
    tool_options_visit(out, command, print_value);
}

void tool_completion_bash(FILE *out, const struct tool_command *const *commands)
{
    (void)fputs(begin, out);
    print_groups(out, commands);
    (void)fputs("    case $name in\n", out);
    each(out, commands, print_options);
    (void)fputs("    *) return ;;\n    esac\n    case \"$name $before\" in\n", out);
    each(out, commands, print_values);
    (void)fputs("    *)\n"
                "        if [[ $word == -* ]]; then\n"
                "            kind=''\n"
                "            words=$options\n"
                "        fi\n"
                "        ;;\n"
                "    esac\n",
                out);
    (void)fputs(end, out);
}
