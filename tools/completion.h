/* SPDX-License-Identifier: Apache-2.0 */
/* The two scripts of envelope completion, generated from the tables of options. */
#ifndef ENVELOPE_TOOL_COMPLETION_H
#define ENVELOPE_TOOL_COMPLETION_H

#include <stdio.h>

#include "tools/common/run.h"

/* What an option's value or an operand stands for. */
enum tool_completes {
    TOOL_COMPLETES_NOTHING,
    TOOL_COMPLETES_FILE,
    TOOL_COMPLETES_FOLDER,
    TOOL_COMPLETES_KEK,  /* a KEK named in openssl.cnf */
    TOOL_COMPLETES_KEY,  /* a named key in the folder */
    TOOL_COMPLETES_WORD, /* one of the words that the operand lists, separated by | */
};

/* For an option that takes a value. */
enum tool_completes tool_completes_value(const struct tool_option *option);
enum tool_completes tool_completes_operand(const struct tool_command *command);

/* Calls visit for each option of a subcommand, including the common ones. */
typedef void tool_option_visit_fn(FILE *out, const struct tool_command *command,
                                  const struct tool_option *option);
void tool_options_visit(FILE *out, const struct tool_command *command, tool_option_visit_fn *visit);

/* Write the scripts. commands ends with NULL. */
void tool_completion_bash(FILE *out, const struct tool_command *const *commands);
void tool_completion_zsh(FILE *out, const struct tool_command *const *commands);

#endif
