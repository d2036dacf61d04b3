/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/check/check.h"
#include "tools/check/settings_lines.h"

#define STEP "configuration"

static void take_line(void *arg, const char *file, unsigned long line, const char *key,
                      const char *what)
{
    tool_check_say(arg, TOOL_CHECK_WARNING, STEP, NULL, "%s%sline %lu: %s: %s",
                   file != NULL ? file : "", file != NULL ? ", " : "", line, key, what);
}

/* section NULL: the file could not be read as a whole, so every section is looked at. */
static void check_lines(struct tool_check *check, const char *section)
{
    const char *file = check->settings.file;

    if (file == NULL || tool_settings_file_lines(file, section, take_line, check))
        return;
    if (section != NULL) /* else that was told */
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL, "%s: its lines: %s", file,
                       strerrordesc_np(errno));
}

static void take_trap(void *arg, enum tool_trap trap, const char *key, const char *what)
{
    tool_check_say(arg, trap == TOOL_TRAP_SECTION ? TOOL_CHECK_FAILED : TOOL_CHECK_WARNING, STEP,
                   NULL, "%s: %s", key, what);
}

/* Older versions of OpenSSL take any value for a yes, newer ones these words, and no "Yes". */
static bool is_one_of(const char *value, const char *const words[7])
{
    for (size_t i = 0; i < 7; i++) {
        if (strcmp(value, words[i]) == 0)
            return true;
    }
    return false;
}

static void check_activation(struct tool_check *check)
{
    static const char *const yes[] = {"1", "yes", "YES", "true", "TRUE", "on", "ON"};
    static const char *const no[] = {"0", "no", "NO", "false", "FALSE", "off", "OFF"};
    static const char *const way_out = "activate = 1 in its section";
    const struct tool_settings *settings = &check->settings;
    const char *value;

    ERR_set_mark();
    value = NCONF_get_string(settings->conf, settings->section, "activate");
    ERR_pop_to_mark();
    if (value == NULL)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, way_out,
                       "the provider is not activated: programs have to load it themselves");
    else if (is_one_of(value, no))
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, way_out,
                       "activate = %s: some versions of OpenSSL activate the provider all the "
                       "same, others do not",
                       value);
    else if (!is_one_of(value, yes))
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, way_out,
                       "activate = %s: some versions of OpenSSL refuse the file for it", value);
}

static bool check_values(struct tool_check *check)
{
    struct env_errors errors = tool_errors();
    struct tool_failure failure;
    ENV_RESULT r = env_config_check(&check->settings.config, &errors);

    if (env_ok(r))
        return true;
    tool_failure_take(r, &failure);
    tool_check_say(check, TOOL_CHECK_FAILED, STEP, "envelope(7), CONFIGURATION", "%s",
                   failure.text);
    return false;
}

/* ---- secrets in files ---- */

static void check_pin_file(struct tool_check *check, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        tool_check_say(check, TOOL_CHECK_FAILED, "PIN file", NULL, "%s: %s", path,
                       strerrordesc_np(errno));
    else if (!S_ISREG(st.st_mode))
        tool_check_say(check, TOOL_CHECK_FAILED, "PIN file", NULL, "%s: not a file", path);
    else if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0)
        tool_check_say(check, TOOL_CHECK_FAILED, "PIN file", "chmod o-rw",
                       "%s: others can read or write it (mode %04o)", path,
                       (unsigned)st.st_mode & 07777u);
    else if ((st.st_mode & S_IWGRP) != 0)
        tool_check_say(check, TOOL_CHECK_WARNING, "PIN file", "chmod g-w",
                       "%s: its group can write it (mode %04o)", path,
                       (unsigned)st.st_mode & 07777u);
    else
        tool_check_say(check, TOOL_CHECK_OK, "PIN file", NULL, "%s (mode %04o)", path,
                       (unsigned)st.st_mode & 07777u);
}

static bool has_pin_value(const char *value)
{
    return value != NULL && strstr(value, "pin-value=") != NULL;
}

/* A PIN in openssl.cnf is everybody's who can read that. */
static void check_pins(struct tool_check *check)
{
    const struct env_config *config = &check->settings.config;
    struct stat st;

    if (config->pin_source != NULL && strncmp(config->pin_source, "file:", 5) == 0)
        check_pin_file(check, config->pin_source + 5);
    if ((has_pin_value(config->token) || has_pin_value(config->kek)) &&
        stat(check->settings.file, &st) == 0 && (st.st_mode & S_IROTH) != 0)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, "pin-source = file:...",
                       "a pin-value stands in %s, which everybody can read", check->settings.file);
}

bool tool_check_configuration(struct tool_check *check)
{
    const struct tool_options *options = &check->run->options;
    char why[TOOL_SETTINGS_WHY];

    if (!tool_settings_read(NULL, options->config, options->provider_section, &check->settings, why,
                            sizeof(why))) {
        tool_check_say(check, TOOL_CHECK_FAILED, STEP,
                       "OPENSSL_CONF or --config names the file; envelope(7) has one that works",
                       "%s", why);
        check_lines(check, check->settings.section);
        return false;
    }
    tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "%s, section [%s]", check->settings.file,
                   check->settings.section);
    check_lines(check, check->settings.section);
    tool_settings_traps(&check->settings, take_trap, check);
    check_activation(check);
    if (!check_values(check))
        return false;
    check_pins(check);
    return true;
}
