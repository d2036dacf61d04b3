/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/settings_lines.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/config.h"
#include "tools/check/settings_reader.h"
#include "tools/common/settings.h"

#define ENVIRONMENT "ENV::"

/* ---- traps ---- */

struct lines {
    const char *section; /* the section to check */
    tool_line_trap_fn *take;
    void *arg;
    uint64_t seen; /* one bit for each of the provider's keys found in the current file */
    uint64_t outer[TOOL_SETTINGS_DEPTH];
    unsigned depth;
};

static bool inside(const struct lines *lines, const struct tool_place *place)
{
    return strcmp(place->section, lines->section) == 0;
}

static void trap(const struct lines *lines, const struct tool_place *place, const char *what)
{
    lines->take(lines->arg, place->file, place->line, place->name, what);
}

/*
 * An included file may repeat keys on purpose, and so may the lines after it: that overrides them.
 */
static void take_file(void *arg, bool deeper)
{
    struct lines *lines = arg;

    if (deeper) {
        lines->outer[lines->depth++] = lines->seen;
        lines->seen = 0;
    } else {
        lines->seen = lines->outer[--lines->depth];
    }
}

static void take_name(void *arg, const struct tool_place *place)
{
    const struct env_config_key *key;
    struct lines *lines = arg;

    if (!inside(lines, place))
        return;
    for (size_t i = 0; i < 64 && (key = env_config_key(i)) != NULL; i++) {
        if (strcmp(key->name, place->name) != 0)
            continue;
        if ((lines->seen & UINT64_C(1) << i) != 0)
            trap(lines, place, "it is there twice: only the last one counts");
        lines->seen |= UINT64_C(1) << i;
    }
}

/* ${NAME} and $SECTION::NAME are meant as variables. */
static void take_variable(const struct lines *lines, const struct tool_place *place,
                          const char *variable)
{
    bool bracket = *variable == '{' || *variable == '(';
    const char *name = variable + (bracket ? 1 : 0);
    char what[TOOL_SETTINGS_NAME + 128];

    if (strncmp(name, ENVIRONMENT, sizeof(ENVIRONMENT) - 1) == 0 &&
        secure_getenv(name + sizeof(ENVIRONMENT) - 1) == NULL) {
        (void)snprintf(what, sizeof(what),
                       "%s is not set: OpenSSL ignores the whole file without it", name);
        trap(lines, place, what);
    } else if (!bracket && strstr(name, "::") == NULL) {
        trap(lines, place, "its $ is replaced by a variable: put the whole value in quotes");
    }
}

static void take_oddity(void *arg, const struct tool_place *place, enum tool_oddity oddity,
                        const char *variable)
{
    const struct lines *lines = arg;

    if (!inside(lines, place))
        return;
    switch (oddity) {
    case TOOL_ODDITY_CUT:
        trap(lines, place, "the value ends at its #: put the whole value in quotes");
        break;
    case TOOL_ODDITY_VARIABLE:
        take_variable(lines, place, variable);
        break;
    case TOOL_ODDITY_BACKSLASH:
        trap(lines, place, "a backslash is dropped from the value: write it twice");
        break;
    }
}

static void read_lines(FILE *in, const char *section, bool includes, tool_line_trap_fn *take,
                       void *arg)
{
    struct lines lines = {.section = section, .take = take, .arg = arg};
    const struct tool_settings_events events = {
        .arg = &lines, .file = take_file, .name = take_name, .oddity = take_oddity};

    tool_settings_read_stream(in, includes, &events);
}

void tool_settings_lines(FILE *in, const char *section, tool_line_trap_fn *take, void *arg)
{
    read_lines(in, section, false, take, arg);
}

bool tool_settings_file_lines(const char *path, const char *section, tool_line_trap_fn *take,
                              void *arg)
{
    FILE *in = fopen(path, "re");

    if (in == NULL)
        return false;
    read_lines(in, section, true, take, arg);
    (void)fclose(in);
    return true;
}

/* ---- the section ---- */

struct search {
    const char *section; /* NULL: any section, whose name is then the result */
    const char *name;
    char *found;
};

/* The last value counts, as with libcrypto. */
static void search_value(void *arg, const struct tool_place *place, const char *value)
{
    struct search *search = arg;
    bool fits = search->section != NULL ? strcmp(place->section, search->section) == 0 &&
                                              strcmp(place->name, search->name) == 0
                                        : tool_settings_says_own(place->name, value);

    if (!fits)
        return;
    OPENSSL_free(search->found);
    search->found = OPENSSL_strdup(search->section != NULL ? value : place->section);
}

static char *search_file(const char *path, const char *section, const char *name)
{
    struct search search = {.section = section, .name = name};
    const struct tool_settings_events events = {.arg = &search, .value = search_value};
    FILE *in = fopen(path, "re");

    if (in == NULL)
        return NULL;
    tool_settings_read_stream(in, true, &events);
    (void)fclose(in);
    return search.found;
}

char *tool_settings_find_section(const char *path)
{
    char *init = search_file(path, "default", "openssl_conf");
    char *providers = init != NULL ? search_file(path, init, "providers") : NULL;
    char *own = providers != NULL ? search_file(path, providers, TOOL_SETTINGS_OWN_NAME) : NULL;

    if (own == NULL)
        own = search_file(path, NULL, NULL);
    OPENSSL_free(init);
    OPENSSL_free(providers);
    return own;
}
