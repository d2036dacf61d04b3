/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_key_ciphers.h"

#include <stdio.h>
#include <string.h>

#include "provider/stock/property.h"

#define STEP "key-ciphers"
#define LINES 512u

/* The file's name for a provider: its identity, or else its line. */
static const char *identity_of(const struct tool_settings *settings, const CONF_VALUE *entry)
{
    const char *identity = tool_settings_value(settings, entry->value, "identity");

    return identity != NULL ? identity : entry->name;
}

/* "default", "fips" or "base", if a line of the file activates it; otherwise NULL. */
static const char *activated(const struct tool_settings *settings)
{
    static const char *const names[] = {"default", "fips", "base"};
    STACK_OF(CONF_VALUE) *entries =
        settings->providers != NULL ? NCONF_get_section(settings->conf, settings->providers) : NULL;

    for (int i = 0; i < sk_CONF_VALUE_num(entries); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(entries, i);
        const char *name = identity_of(settings, entry);

        if (tool_settings_value(settings, entry->value, "activate") == NULL)
            continue;
        for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
            if (strcmp(name, names[n]) == 0)
                return names[n];
        }
    }
    return NULL;
}

static void check_providers(struct tool_check *check)
{
    const struct tool_settings *settings = &check->settings;
    const char *other = activated(settings);
    char lines[LINES];

    if (!settings->config.stock_providers_here_on) {
        (void)snprintf(lines, sizeof(lines), "[%s]\nstock-providers-here = yes", settings->section);
        tool_check_say(check, TOOL_CHECK_FAILED, STEP, lines,
                       "without the module, OpenSSL's own ciphers would take stand-ins for keys");
    } else if (other != NULL) {
        tool_check_say(check, TOOL_CHECK_FAILED, STEP,
                       "remove its activate line: stock-providers-here activates it",
                       "%s is activated even without the module, and would take stand-ins for "
                       "keys",
                       other);
    } else {
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL,
                       "without the module there are no algorithms");
    }
}

/* The random generator passes random keys through AES. */
static void check_random(struct tool_check *check)
{
    const struct tool_settings *settings = &check->settings;
    const char *init = tool_settings_value(settings, NULL, "openssl_conf");
    const char *section = init != NULL ? tool_settings_value(settings, init, "random") : NULL;
    const char *query =
        section != NULL ? tool_settings_value(settings, section, "properties") : NULL;
    char lines[LINES];

    if (query != NULL && env_property_score(query, "provider=envelope") < 0) {
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL,
                       "libcrypto's random generator uses no cipher of ours");
        return;
    }
    (void)snprintf(lines, sizeof(lines), "[%s]\nrandom = %s\n[%s]\nproperties = provider!=envelope",
                   init != NULL ? init : "openssl_init", section != NULL ? section : "random_sect",
                   section != NULL ? section : "random_sect");
    tool_check_say(check, TOOL_CHECK_FAILED, STEP, lines,
                   "libcrypto's random generator passes its keys through ciphers of ours");
}

void tool_check_key_ciphers(struct tool_check *check)
{
    const struct env_config *config = &check->settings.config;

    if (!config->key_ciphers_on && !config->key_kdfs_on)
        return;
    check_providers(check);
    if (config->key_ciphers_on)
        check_random(check);
}
