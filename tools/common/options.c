/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/workers.h"

const struct tool_option tool_options_common[] = {
    TOOL_FLAG("help", help, "show this help"),
    TOOL_FLAG("json", json, "write JSON: one object per line, the last is a summary"),
    TOOL_FLAG("quiet", quiet, "write only usage errors: the exit status is the result"),
    TOOL_OPTIONS_END,
};

const struct tool_option tool_options_config[] = {
    TOOL_TEXT("config", config, "FILE", "read FILE (default: OPENSSL_CONF, then OpenSSL's own)"),
    TOOL_TEXT("provider-section", provider_section, "NAME",
              "the section that configures the provider (default: found)"),
    TOOL_OPTIONS_END,
};

const struct tool_option tool_options_tree[] = {
    TOOL_FLAG("list", list,
              "the operands are lists: one sealed key or short message per line, as base64 alone "
              "or with its id and context as JSON or TSV; none or - is the standard input"),
    {"workers", TOOL_OPTION_WORKERS, offsetof(struct tool_options, workers), "N",
     "how many files to work on at once (default: one per processor, up to 4)", 0},
    TOOL_FLAG("verbose", verbose, "print a line for every file, not only for those with a problem"),
    TOOL_OPTIONS_END,
};

static const struct tool_option *find(const struct tool_option *const tables[TOOL_OPTION_TABLES],
                                      const char *name, size_t len)
{
    for (size_t i = 0; i < TOOL_OPTION_TABLES && tables[i] != NULL; i++) {
        for (const struct tool_option *option = tables[i]; option->name != NULL; option++) {
            if (strncmp(option->name, name, len) == 0 && option->name[len] == '\0')
                return option;
        }
    }
    return NULL;
}

static const struct tool_option *
find_letter(const struct tool_option *const tables[TOOL_OPTION_TABLES], char letter)
{
    for (size_t i = 0; i < TOOL_OPTION_TABLES && tables[i] != NULL; i++) {
        for (const struct tool_option *option = tables[i]; option->name != NULL; option++) {
            if (option->letter == letter)
                return option;
        }
    }
    return NULL;
}

static bool parse_workers(const char *text, unsigned *out)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value < 1 ||
        value > TOOL_WORKERS_MAX)
        return false;
    *out = (unsigned)value;
    return true;
}

static bool take_value(const struct tool_option *option, const char *value,
                       struct tool_options *options, char *why, size_t why_size)
{
    char *field = (char *)options + option->field;

    if (option->kind == TOOL_OPTION_TEXT || option->kind == TOOL_OPTION_ANY_TEXT) {
        *(const char **)(void *)field = value;
        return true;
    }
    if (parse_workers(value, (unsigned *)(void *)field))
        return true;
    (void)snprintf(why, why_size, "--%s takes a number from 1 to %u", option->name,
                   TOOL_WORKERS_MAX);
    return false;
}

/*
 * Applies an option. value is what was attached to it; *at advances if the next argument is the
 * value.
 */
static bool give_option(const struct tool_option *option, const char *value, int argc, char **argv,
                        int *at, struct tool_options *options, char *why, size_t why_size)
{
    if (option->kind == TOOL_OPTION_FLAG) {
        if (value != NULL) {
            (void)snprintf(why, why_size, "--%s takes no value", option->name);
            return false;
        }
        *(bool *)(void *)((char *)options + option->field) = true;
        return true;
    }
    if (value == NULL && *at + 1 < argc)
        value = argv[++*at];
    if (value == NULL || (*value == '\0' && option->kind != TOOL_OPTION_ANY_TEXT)) {
        (void)snprintf(why, why_size, "--%s needs a value: %s", option->name, option->argument);
        return false;
    }
    return take_value(option, value, options, why, why_size);
}

/* Takes one argument that begins with one or two hyphens. */
static bool take_option(const struct tool_option *const tables[TOOL_OPTION_TABLES], int argc,
                        char **argv, int *at, struct tool_options *options, char *why,
                        size_t why_size)
{
    const char *name = argv[*at] + 1;
    const struct tool_option *option;
    const bool letter = *name != '-';
    const char *value = NULL;
    size_t len = 0;

    if (letter) {
        option = find_letter(tables, *name);
        value = name[1] != '\0' ? name + 1 : NULL;
    } else {
        name++;
        len = strcspn(name, "=");
        value = name[len] == '=' ? name + len + 1 : NULL;
        option = find(tables, name, len);
    }
    if (option != NULL)
        return give_option(option, value, argc, argv, at, options, why, why_size);
    if (letter)
        (void)snprintf(why, why_size, "there is no option %.64s", argv[*at]);
    else
        (void)snprintf(why, why_size, "there is no option --%.*s", (int)(len < 64 ? len : 64),
                       name);
    return false;
}

bool tool_options_parse(const struct tool_option *const tables[TOOL_OPTION_TABLES], int argc,
                        char **argv, struct tool_options *options, char *why, size_t why_size)
{
    bool operands_only = false;

    memset(options, 0, sizeof(*options));
    options->operands = argv;
    for (int i = 0; i < argc; i++) {
        char *argument = argv[i];

        /* operands move to the front; there are never more than i of them */
        if (operands_only || argument[0] != '-' || argument[1] == '\0') {
            argv[options->operand_count++] = argument;
        } else if (strcmp(argument, "--") == 0) {
            operands_only = true;
        } else if (strcmp(argument, "-h") == 0) {
            options->help = true;
        } else if (!take_option(tables, argc, argv, &i, options, why, why_size)) {
            return false;
        }
    }
    if (options->json && options->quiet) {
        (void)snprintf(why, why_size, "--json and --quiet cannot be combined");
        return false;
    }
    return true;
}
