/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/settings_traps.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The keys that libcrypto itself reads in a provider's section. */
static const char *const core_keys[] = {"identity", "module", "activate", "soft_load"};

#define NAME_MAX_COMPARED 40u

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* The number of letters to insert, remove or change to turn one word into the other. */
static size_t distance(const char *a, const char *b)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    size_t row[NAME_MAX_COMPARED + 1];

    if (a_len > NAME_MAX_COMPARED || b_len > NAME_MAX_COMPARED)
        return NAME_MAX_COMPARED;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];

            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_len];
}

static bool is_known(const char *key)
{
    for (size_t i = 0; i < sizeof(core_keys) / sizeof(core_keys[0]); i++) {
        if (strcmp(key, core_keys[i]) == 0)
            return true;
    }
    return env_config_key_named(key) != NULL;
}

/*
 * The key that was probably meant: one with this misspelling, or else the most similar one. NULL:
 * none is similar.
 */
static const char *nearest(const char *slip)
{
    const struct env_config_key *key = env_config_key_meant(slip);
    const char *best = NULL;
    size_t least = 1 + strlen(slip) / 3; /* with more changes it is a different word */

    if (key != NULL)
        return key->name;
    if (strncmp(slip, "pin", 3) == 0)
        return "pin-source";
    for (size_t i = 0; (key = env_config_key(i)) != NULL; i++) {
        size_t d = distance(slip, key->name);

        if (d <= least) {
            least = d > 0 ? d - 1 : 0;
            best = key->name;
        }
    }
    return best;
}

/* A value that means the same as this one and is not the name of a section. */
static void another_way(const CONF_VALUE *entry, char *out, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    bool word = strspn(entry->value, plain) == strlen(entry->value);

    if (word && strcmp(entry->name, "kek") == 0)
        (void)snprintf(out, size, "write pkcs11:object=%s", entry->value);
    else if (word && strcmp(entry->name, "token") == 0)
        (void)snprintf(out, size, "write pkcs11:token=%s", entry->value);
    else if (strcmp(entry->value, "default") == 0)
        (void)snprintf(out, size, "use another name (every file has a section [default])");
    else
        (void)snprintf(out, size, "rename the section");
}

static void judge_key(const struct tool_settings *settings, const CONF_VALUE *entry,
                      tool_trap_fn *take, void *arg)
{
    const char *meant;
    char way[128];
    char what[384];

    if (tool_settings_has_section(settings, entry->value)) {
        another_way(entry, way, sizeof(way));
        (void)snprintf(what, sizeof(what),
                       "its value is the name of a section of the file, so OpenSSL gives the "
                       "provider that section in its place: %s",
                       way);
        take(arg, TOOL_TRAP_SECTION, entry->name, what);
        return;
    }
    if (is_known(entry->name))
        return;
    meant = nearest(entry->name);
    (void)snprintf(what, sizeof(what), "there is no such key%s%s%s", meant != NULL ? " (" : "",
                   meant != NULL ? meant : "", meant != NULL ? "?)" : "");
    take(arg, TOOL_TRAP_KEY, entry->name, what);
}

/* ---- keys in other sections ---- */

static STACK_OF(CONF_VALUE) * section_of(const struct tool_settings *settings, const char *name)
{
    STACK_OF(CONF_VALUE) *values = NULL;

    ERR_set_mark();
    if (name != NULL)
        values = NCONF_get_section(settings->conf, name);
    ERR_pop_to_mark();
    return values;
}

static void judge_section(const struct tool_settings *settings, const char *section,
                          tool_trap_fn *take, void *arg)
{
    STACK_OF(CONF_VALUE) *values = section_of(settings, section);
    char what[256];

    if (section != NULL && strcmp(section, settings->section) == 0)
        return;
    for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(values, i);

        if (env_config_key_named(entry->name) == NULL)
            continue;
        (void)snprintf(what, sizeof(what),
                       "it is in [%s], where it has no effect: it belongs "
                       "in [%s]",
                       section, settings->section);
        take(arg, TOOL_TRAP_ELSEWHERE, entry->name, what);
    }
}

/*
 * Checks the sections in which a line may end up by mistake: above the first section, or next to
 * ours. Sections of programs and of other providers are not known.
 */
static void judge_others(const struct tool_settings *settings, tool_trap_fn *take, void *arg)
{
    static const char *const stock[] = {"default", "fips", "base", "legacy", "null"};
    STACK_OF(CONF_VALUE) *providers = section_of(settings, settings->providers);
    const char *init;

    judge_section(settings, "default", take, arg); /* for NCONF, the top of the file */
    init = tool_settings_value(settings, NULL, "openssl_conf");
    judge_section(settings, init, take, arg);
    judge_section(settings, settings->providers, take, arg);
    for (int i = 0; i < sk_CONF_VALUE_num(providers); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(providers, i);

        for (size_t j = 0; j < sizeof(stock) / sizeof(stock[0]); j++) {
            if (strcmp(entry->name, stock[j]) == 0)
                judge_section(settings, entry->value, take, arg);
        }
    }
}

/* ---- default_properties ---- */

/* Whether one of the properties demands a provider, rather than preferring it. */
static bool demands_provider(const char *properties)
{
    static const char name[] = "provider";
    const char *at = properties;

    while (*at != '\0') {
        at += strspn(at, " \t,");
        if (strncasecmp(at, name, strlen(name)) == 0) {
            const char *after = at + strlen(name);

            after += strspn(after, " \t");
            if (*after == '=')
                return true;
        }
        at += strcspn(at, ",");
    }
    return false;
}

/* Tokens compute with OpenSSL's algorithms too, and fail in odd ways when they are left out. */
static void judge_properties(const struct tool_settings *settings, tool_trap_fn *take, void *arg)
{
    static const char name[] = "default_properties";
    const char *init = tool_settings_value(settings, NULL, "openssl_conf");
    const char *section = init != NULL ? tool_settings_value(settings, init, "alg_section") : NULL;
    const char *value = section != NULL ? tool_settings_value(settings, section, name) : NULL;

    if (value != NULL && demands_provider(value))
        take(arg, TOOL_TRAP_ONLY_ONE, name,
             "without a question mark, provider= leaves out the algorithms of all other providers, "
             "which this provider and SoftHSM use (SoftHSM then refuses every PIN): write "
             "?provider=envelope");
}

void tool_settings_traps(const struct tool_settings *settings, tool_trap_fn *take, void *arg)
{
    STACK_OF(CONF_VALUE) *values = NCONF_get_section(settings->conf, settings->section);

    for (int i = 0; i < sk_CONF_VALUE_num(values); i++)
        judge_key(settings, sk_CONF_VALUE_value(values, i), take, arg);
    judge_others(settings, take, arg);
    judge_properties(settings, take, arg);
}
