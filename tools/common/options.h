/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: --name, --name value or --name=value in any order among the operands. */
#ifndef ENVELOPE_TOOL_OPTIONS_H
#define ENVELOPE_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* What all subcommands' options set; each knows those that its table lists. */
struct tool_options {
    const char *config;           /* --config */
    const char *provider_section; /* --provider-section */
    const char *context;          /* --context */
    const char *kek;              /* --kek */
    unsigned workers;             /* --workers; 0: as many as are of use */
    bool help;
    bool json;
    bool quiet;
    bool verbose;
    bool list; /* the operands are lists of sealed keys */
    bool here;
    bool verify;
    bool files;
    bool labels;
    bool each_recipient;
    bool strict;
    bool dry_run;
    char **operands;
    size_t operand_count;
};

enum tool_option_kind {
    TOOL_OPTION_FLAG,
    TOOL_OPTION_TEXT,
    TOOL_OPTION_ANY_TEXT, /* that may be empty */
    TOOL_OPTION_WORKERS,
};

struct tool_option {
    const char *name; /* without the hyphens */
    enum tool_option_kind kind;
    size_t field;         /* in struct tool_options */
    const char *argument; /* how the value is called in the help; NULL: there is none */
    const char *help;
};

#define TOOL_FLAG(name, field, help)                                                               \
    {                                                                                              \
        (name), TOOL_OPTION_FLAG, offsetof(struct tool_options, field), NULL, (help)               \
    }
#define TOOL_TEXT(name, field, argument, help)                                                     \
    {                                                                                              \
        (name), TOOL_OPTION_TEXT, offsetof(struct tool_options, field), (argument), (help)         \
    }
#define TOOL_ANY_TEXT(name, field, argument, help)                                                 \
    {                                                                                              \
        (name), TOOL_OPTION_ANY_TEXT, offsetof(struct tool_options, field), (argument), (help)     \
    }
#define TOOL_OPTIONS_END                                                                           \
    {                                                                                              \
        NULL, TOOL_OPTION_FLAG, 0, NULL, NULL                                                      \
    }

/* --help, --json and --quiet, which every subcommand has. */
extern const struct tool_option tool_options_common[];
/* --config and --provider-section, of those that ask a token. */
extern const struct tool_option tool_options_config[];
/* --list, --workers and --verbose, of those that go through trees. */
extern const struct tool_option tool_options_tree[];

#define TOOL_OPTION_TABLES 4u

/*
 * Parses argv[0] to argv[argc - 1], none of which is the program. tables: up to TOOL_OPTION_TABLES
 * of them, NULL where there are fewer. argv is put in another order: options->operands lies in it.
 * False with words in why when an option is unknown or badly used.
 */
bool tool_options_parse(const struct tool_option *const tables[TOOL_OPTION_TABLES], int argc,
                        char **argv, struct tool_options *options, char *why, size_t why_size);

#endif
