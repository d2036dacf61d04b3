/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: --name, --name value or --name=value, and -o value or -ovalue for options with
 * a letter, in any order among the operands.
 */
#ifndef ENVELOPE_TOOL_OPTIONS_H
#define ENVELOPE_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* The options of all subcommands; each subcommand sets those in its tables. */
struct tool_options {
    const char *config;           /* --config */
    const char *provider_section; /* --provider-section */
    const char *context;          /* --context */
    const char *kek;              /* --kek */
    const char *from;             /* --from */
    unsigned workers;             /* --workers; 0: choose automatically */
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
    /* for envelope key, inventory and check */
    const char *directory; /* --directory */
    const char *uses;      /* --for */
    const char *bytes;     /* --bytes */
    const char *owner;     /* --owner */
    const char *not_after; /* --not-after */
    const char *seal_from; /* --seal-from */
    const char *app;       /* --for-app */
    const char *under;     /* --under */
    bool single;
    bool no_export;
    bool if_missing;
    bool mixed;
    bool hex;
    bool base64;
    bool raw;
    bool short_form; /* --short */
    bool revoke;
    bool deterministic;
    bool yes;
    bool trust_rsa;
    bool tenant_keys;
    bool no_token;
    const char *pid; /* --pid */
    /* for envelope kek */
    const char *cryptoperiod; /* --cryptoperiod */
    const char *start;        /* --start */
    const char *token;        /* --token */
    const char *one_kek;      /* the NAME that it is about, if it is one */
    bool csv;
    bool keks;              /* --keks */
    const char *state;      /* --state */
    const char *prometheus; /* --prometheus */
    /* for seal, open and cat */
    const char *output; /* --output */
    const char *suffix; /* --suffix */
    const char *offset; /* --offset */
    const char *length; /* --length */
    bool remove_source;
    bool force;
    bool again;
    bool no_read_back;
    char **operands;
    size_t operand_count;
};

enum tool_option_kind {
    TOOL_OPTION_FLAG,
    TOOL_OPTION_TEXT,
    TOOL_OPTION_ANY_TEXT, /* a text that may be empty */
    TOOL_OPTION_WORKERS,
};

struct tool_option {
    const char *name; /* without the hyphens */
    enum tool_option_kind kind;
    size_t field;         /* offset in struct tool_options */
    const char *argument; /* the value's name in the help; NULL: it takes no value */
    const char *help;
    char letter; /* as in -o; 0: there is none */
};

#define TOOL_FLAG(name, field, help)                                                               \
    {                                                                                              \
        (name), TOOL_OPTION_FLAG, offsetof(struct tool_options, field), NULL, (help), 0            \
    }
#define TOOL_TEXT(name, field, argument, help)                                                     \
    {                                                                                              \
        (name), TOOL_OPTION_TEXT, offsetof(struct tool_options, field), (argument), (help), 0      \
    }
#define TOOL_ANY_TEXT(name, field, argument, help)                                                 \
    {                                                                                              \
        (name), TOOL_OPTION_ANY_TEXT, offsetof(struct tool_options, field), (argument), (help), 0  \
    }
#define TOOL_TEXT_LETTER(name, letter, field, argument, help)                                      \
    {                                                                                              \
        (name), TOOL_OPTION_TEXT, offsetof(struct tool_options, field), (argument), (help),        \
            (letter)                                                                               \
    }
#define TOOL_OPTIONS_END                                                                           \
    {                                                                                              \
        NULL, TOOL_OPTION_FLAG, 0, NULL, NULL, 0                                                   \
    }

/* --help, --json and --quiet, which every subcommand has. */
extern const struct tool_option tool_options_common[];
/* --config and --provider-section, for subcommands that use tokens. */
extern const struct tool_option tool_options_config[];
/* --list, --workers and --verbose, for subcommands that process trees. */
extern const struct tool_option tool_options_tree[];

#define TOOL_OPTION_TABLES 4u

/*
 * Parses argv[0] to argv[argc - 1], without the program name. tables has up to TOOL_OPTION_TABLES
 * tables, or NULL. argv is reordered: options->operands points into it. False, after reporting it,
 * if an option is unknown or misused.
 */
bool tool_options_parse(const struct tool_option *const tables[TOOL_OPTION_TABLES], int argc,
                        char **argv, struct tool_options *options, char *why, size_t why_size);

#endif
