/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/settings.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define OWN_MODULE "envelope.so"

static STACK_OF(CONF_VALUE) * section_of(const CONF *conf, const char *name)
{
    STACK_OF(CONF_VALUE) * values;

    ERR_set_mark();
    values = NCONF_get_section(conf, name);
    ERR_pop_to_mark();
    return values;
}

/*
 * Looks only in this section, as libcrypto does: NCONF_get_string would also look above the first
 * section.
 */
static const char *value_of(const CONF *conf, const char *section, const char *key)
{
    STACK_OF(CONF_VALUE) *entries = section_of(conf, section != NULL ? section : "default");

    for (int i = 0; i < sk_CONF_VALUE_num(entries); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(entries, i);

        if (strcmp(entry->name, key) == 0)
            return entry->value;
    }
    return NULL;
}

const char *tool_settings_value(const struct tool_settings *settings, const char *section,
                                const char *name)
{
    return value_of(settings->conf, section, name);
}

bool tool_settings_has_section(const struct tool_settings *settings, const char *name)
{
    return section_of(settings->conf, name) != NULL;
}

/* ---- the file ---- */

/*
 * libcrypto's text for the newest entry, without the numbers; or the system's text for a failed
 * system call, for which libcrypto only has "system lib".
 */
static void openssl_says(char *out, size_t size)
{
    const unsigned long first = ERR_peek_error();
    const char *data = NULL;
    int flags = 0;
    unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
    const char *reason = ERR_reason_error_string(code);

    if (ERR_GET_REASON(code) == ERR_R_SYS_LIB && ERR_SYSTEM_ERROR(first))
        reason = strerrordesc_np(ERR_GET_REASON(first));
    (void)snprintf(out, size, "%s%s%s", reason != NULL ? reason : "unknown error",
                   data != NULL && *data != '\0' ? ": " : "", data != NULL ? data : "");
    ERR_clear_error();
}

static bool load_file(OSSL_LIB_CTX *libctx, const char *file, struct tool_settings *out, char *why,
                      size_t why_size)
{
    char says[TOOL_SETTINGS_WHY / 2];
    long line = -1;

    out->file = file != NULL ? OPENSSL_strdup(file) : CONF_get1_default_config_file();
    out->conf = NCONF_new_ex(libctx, NULL);
    if (out->file == NULL || out->conf == NULL) {
        (void)snprintf(why, why_size, "out of memory");
        return false;
    }
    out->loaded = NCONF_load(out->conf, out->file, &line) > 0;
    if (out->loaded)
        return true;
    openssl_says(says, sizeof(says));
    if (line > 0)
        (void)snprintf(why, why_size,
                       "%s: line %ld: %s; programs ignore the whole file (quote a whole value that "
                       "has $ or # in it)",
                       out->file, line, says);
    else
        (void)snprintf(why, why_size, "%s: %s", out->file, says);
    return false;
}

/* ---- the section ---- */

static bool ends_in_own_module(const char *module)
{
    const char *slash = strrchr(module, '/');

    return strcmp(slash != NULL ? slash + 1 : module, OWN_MODULE) == 0;
}

bool tool_settings_says_own(const char *name, const char *value)
{
    return (strcmp(name, "identity") == 0 && strcmp(value, TOOL_SETTINGS_OWN_NAME) == 0) ||
           (strcmp(name, "module") == 0 && ends_in_own_module(value));
}

static bool is_ours(const CONF *conf, const CONF_VALUE *entry)
{
    const char *identity = value_of(conf, entry->value, "identity");
    const char *module = value_of(conf, entry->value, "module");

    return strcmp(entry->name, TOOL_SETTINGS_OWN_NAME) == 0 ||
           (identity != NULL && tool_settings_says_own("identity", identity)) ||
           (module != NULL && tool_settings_says_own("module", module));
}

bool tool_settings_lists(const struct tool_settings *settings, const char *providers,
                         const char *section)
{
    STACK_OF(CONF_VALUE) *entries = section_of(settings->conf, providers);

    for (int i = 0; i < sk_CONF_VALUE_num(entries); i++) {
        if (strcmp(sk_CONF_VALUE_value(entries, i)->value, section) == 0)
            return true;
    }
    return false;
}

const char *tool_settings_own_section(const struct tool_settings *settings, const char *providers)
{
    STACK_OF(CONF_VALUE) *entries = section_of(settings->conf, providers);

    for (int i = 0; i < sk_CONF_VALUE_num(entries); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(entries, i);

        if (is_ours(settings->conf, entry))
            return entry->value;
    }
    return NULL;
}

/* The section that lists the providers, as libcrypto finds it; NULL with the reason in why. */
static const char *providers_section(const struct tool_settings *settings, char *why,
                                     size_t why_size)
{
    const char *init = value_of(settings->conf, NULL, "openssl_conf");
    const char *providers;

    if (init == NULL) {
        (void)snprintf(why, why_size,
                       "%s: no line 'openssl_conf = ...' before the first section, so OpenSSL "
                       "ignores the file",
                       settings->file);
        return NULL;
    }
    providers = value_of(settings->conf, init, "providers");
    if (providers == NULL) {
        (void)snprintf(
            why, why_size,
            "%s: no line 'providers = ...' in [%s], so OpenSSL loads no provider from it",
            settings->file, init);
        return NULL;
    }
    if (section_of(settings->conf, providers) == NULL) {
        (void)snprintf(why, why_size, "%s: [%s] has providers = %s, and there is no section [%s]",
                       settings->file, init, providers, providers);
        return NULL;
    }
    return providers;
}

static const CONF_VALUE *find_own(const struct tool_settings *settings, char *why, size_t why_size)
{
    STACK_OF(CONF_VALUE) *entries = section_of(settings->conf, settings->providers);
    const CONF_VALUE *found = NULL;

    for (int i = 0; i < sk_CONF_VALUE_num(entries); i++) {
        const CONF_VALUE *entry = sk_CONF_VALUE_value(entries, i);

        if (!is_ours(settings->conf, entry))
            continue;
        if (found != NULL) {
            (void)snprintf(
                why, why_size,
                "%s: [%s] has the provider twice (%s, %s): choose one (--provider-section)",
                settings->file, settings->providers, found->value, entry->value);
            return NULL;
        }
        found = entry;
    }
    if (found == NULL)
        (void)snprintf(why, why_size, "%s: [%s] has no provider envelope", settings->file,
                       settings->providers);
    return found;
}

static bool out_of_memory(char *why, size_t why_size)
{
    (void)snprintf(why, why_size, "out of memory");
    return false;
}

static bool find_section(struct tool_settings *out, char *why, size_t why_size)
{
    const char *providers = providers_section(out, why, why_size);
    const CONF_VALUE *own;
    const char *identity;

    if (providers == NULL)
        return false;
    out->providers = OPENSSL_strdup(providers);
    if (out->providers == NULL)
        return out_of_memory(why, why_size);
    own = find_own(out, why, why_size);
    if (own == NULL)
        return false;
    identity = value_of(out->conf, own->value, "identity");
    out->section = OPENSSL_strdup(own->value);
    out->name = OPENSSL_strdup(identity != NULL ? identity : own->name);
    return (out->section != NULL && out->name != NULL) || out_of_memory(why, why_size);
}

/* The file need not contain anything but the section. */
static bool take_section(struct tool_settings *out, const char *section, char *why, size_t why_size)
{
    const char *providers = providers_section(out, why, why_size);

    out->providers = providers != NULL ? OPENSSL_strdup(providers) : NULL;
    out->section = OPENSSL_strdup(section);
    out->name = OPENSSL_strdup(TOOL_SETTINGS_OWN_NAME);
    return (out->section != NULL && out->name != NULL &&
            (providers == NULL || out->providers != NULL)) ||
           out_of_memory(why, why_size);
}

/* ---- the keys ---- */

/* Like the core, replaces a value that names a section of the file by that section. */
static bool ask_section(void *arg, const char *key, char **to)
{
    const struct tool_settings *settings = arg;
    const char *value = value_of(settings->conf, settings->section, key);

    if (value == NULL || section_of(settings->conf, value) != NULL)
        return true;
    *to = OPENSSL_strdup(value);
    return *to != NULL;
}

bool tool_settings_read(OSSL_LIB_CTX *libctx, const char *file, const char *section,
                        struct tool_settings *out, char *why, size_t why_size)
{
    memset(out, 0, sizeof(*out));
    if (!load_file(libctx, file, out, why, why_size))
        return false;
    if (section == NULL) {
        if (!find_section(out, why, why_size))
            return false;
    } else {
        if (!take_section(out, section, why, why_size))
            return false;
    }
    if (section_of(out->conf, out->section) == NULL) {
        (void)snprintf(why, why_size, "%s: there is no section [%s]", out->file, out->section);
        return false;
    }
    return env_config_read(&out->config, ask_section, out) || out_of_memory(why, why_size);
}

void tool_settings_clear(struct tool_settings *settings)
{
    env_config_clear(&settings->config);
    NCONF_free(settings->conf);
    OPENSSL_free(settings->file);
    OPENSSL_free(settings->section);
    OPENSSL_free(settings->providers);
    OPENSSL_free(settings->name);
    memset(settings, 0, sizeof(*settings));
}

/* ---- the other providers ---- */

/* Entries removed from the file's list, to be put back later: this provider under any name. */
struct taken_out {
    CONF_VALUE *entry;
    int at;
};

#define OWN_MAX 16

static size_t take_out(const struct tool_settings *settings, STACK_OF(CONF_VALUE) * entries,
                       struct taken_out out[OWN_MAX])
{
    size_t count = 0;

    for (int i = 0; i < sk_CONF_VALUE_num(entries);) {
        CONF_VALUE *entry = sk_CONF_VALUE_value(entries, i);

        if (count < OWN_MAX &&
            (is_ours(settings->conf, entry) || strcmp(entry->value, settings->section) == 0)) {
            out[count++] = (struct taken_out){entry, i};
            (void)sk_CONF_VALUE_delete(entries, i);
        } else {
            i++;
        }
    }
    return count;
}

bool tool_settings_activate_others(struct tool_settings *settings)
{
    STACK_OF(CONF_VALUE) *entries = NULL;
    struct taken_out out[OWN_MAX];
    size_t count;
    bool ok;

    if (value_of(settings->conf, NULL, "openssl_conf") == NULL)
        return true;
    if (settings->providers != NULL)
        entries = section_of(settings->conf, settings->providers);
    count = take_out(settings, entries, out); /* the file still owns them */
    ok = CONF_modules_load(settings->conf, NULL, 0) > 0;
    while (count > 0) {
        count--;
        (void)sk_CONF_VALUE_insert(entries, out[count].entry, out[count].at);
    }
    return ok;
}
