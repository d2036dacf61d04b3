/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/settings_missing.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WHERE "at the end of the file:"

/* The lines found missing, by section. */
struct lines {
    char *out;
    size_t len;
    const char *section; /* the section of the last one */
};

static void add(struct lines *lines, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct lines *lines, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    n = vsnprintf(lines->out + lines->len, TOOL_SETTINGS_MISSING - lines->len, fmt, ap);
    va_end(ap);
    lines->len += n > 0 ? (size_t)n : 0;
    if (lines->len >= TOOL_SETTINGS_MISSING)
        lines->len = TOOL_SETTINGS_MISSING - 1;
}

/* Writes the section's head before the first of its lines. */
static void add_line(struct lines *lines, const char *section, const char *name, const char *value)
{
    if (lines->section == NULL || strcmp(lines->section, section) != 0)
        add(lines, "%s\n[%s]", lines->section == NULL ? WHERE : "", section);
    lines->section = section;
    add(lines, "\n%s = %s", name, value);
}

/* The value of a line that leads to another section. If it is missing, the line is added. */
static const char *lead(struct lines *lines, const struct tool_settings *settings,
                        const char *section, const char *name, const char *usual)
{
    const char *value = tool_settings_value(settings, section, name);

    if (value != NULL)
        return value;
    add_line(lines, section, name, usual);
    return usual;
}

/* A stock provider that offers AES-GCM must be listed and activated. */
static void add_stock(struct lines *lines, const struct tool_settings *settings,
                      const char *providers, const char **to_activate)
{
    static const char *const names[] = {"default", "fips"};
    const char *listed = NULL;

    *to_activate = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *section = tool_settings_value(settings, providers, names[i]);

        if (section != NULL && tool_settings_value(settings, section, "activate") != NULL)
            return;
        listed = listed != NULL ? listed : section;
    }
    if (listed == NULL) {
        listed = "default_sect";
        add_line(lines, providers, "default", listed);
    }
    *to_activate = listed;
}

bool tool_settings_missing(const struct tool_settings *settings, char out[TOOL_SETTINGS_MISSING])
{
    struct lines lines = {.out = out};
    const char *own = settings->section;
    const char *stock;
    const char *providers;
    const char *init;

    out[0] = '\0';
    init = lead(&lines, settings, "default", "openssl_conf", "openssl_init");
    providers = lead(&lines, settings, init, "providers", "provider_sect");
    add_stock(&lines, settings, providers, &stock);
    if (own == NULL)
        own = tool_settings_own_section(settings, providers);
    if (own == NULL)
        own = "envelope_sect";
    if (!tool_settings_lists(settings, providers, own))
        add_line(&lines, providers, TOOL_SETTINGS_OWN_NAME, own);
    if (stock != NULL)
        (void)lead(&lines, settings, stock, "activate", "1");
    (void)lead(&lines, settings, own, "activate", "1");
    if (!tool_settings_has_section(settings, own))
        add_line(&lines, own, "kek", "LABEL");
    return lines.len > 0;
}

/* Our algorithms do not have that property. */
static bool says_fips(const char *properties)
{
    const char *at = strstr(properties, "fips=yes");

    return at != NULL && (at == properties || at[-1] != '?');
}

void tool_settings_prefer_own(const struct tool_settings *settings, char out[TOOL_SETTINGS_MISSING])
{
    static const char name[] = "default_properties";
    struct lines lines = {.out = out};
    char value[256];
    const char *section;
    const char *init;
    const char *now;

    out[0] = '\0';
    init = lead(&lines, settings, "default", "openssl_conf", "openssl_init");
    section = tool_settings_value(settings, init, "alg_section");
    if (section == NULL) {
        section = tool_settings_has_section(settings, "algorithm_sect") ? "envelope_algorithms"
                                                                        : "algorithm_sect";
        add_line(&lines, init, "alg_section", section);
    }
    now = tool_settings_value(settings, section, name);
    if (now != NULL && says_fips(now)) {
        add_line(&lines, section, name, "?provider=envelope");
        add(&lines,
            "\n# fips=yes leaves our provider out: activate fips and base, and not default");
        return;
    }
    (void)snprintf(value, sizeof(value), "%s%s?provider=envelope", now != NULL ? now : "",
                   now != NULL && *now != '\0' ? "," : "");
    add_line(&lines, section, name, value);
}
