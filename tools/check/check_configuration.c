/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_configuration.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/credential.h"
#include "envelope/base/safe_file.h"
#include "tools/check/settings_lines.h"
#include "tools/check/settings_missing.h"
#include "tools/check/settings_traps.h"

#define STEP "configuration"

static void take_line(void *arg, const char *file, unsigned long line, const char *key,
                      const char *what)
{
    tool_check_say(arg, TOOL_CHECK_WARNING, STEP, NULL, "%s%sline %lu: %s: %s",
                   file != NULL ? file : "", file != NULL ? ", " : "", line, key, what);
}

/* Only our section: the keys of other programs' sections are not known. */
static void check_lines(struct tool_check *check, const char *section)
{
    const char *file = check->settings.file;

    if (!tool_settings_file_lines(file, section, take_line, check))
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, NULL, "%s: its lines: %s", file,
                       strerrordesc_np(errno));
}

struct traps {
    struct tool_check *check;
    bool fatal; /* the provider never sees a value, or no other provider's algorithms */
};

static void take_trap(void *arg, enum tool_trap trap, const char *key, const char *what)
{
    const bool fatal = trap == TOOL_TRAP_SECTION || trap == TOOL_TRAP_ONLY_ONE;
    struct traps *traps = arg;

    traps->fatal = traps->fatal || fatal;
    tool_check_say(traps->check, fatal ? TOOL_CHECK_FAILED : TOOL_CHECK_WARNING, STEP, NULL,
                   "%s: %s", key, what);
}

/* False: the provider sees something other than what the file seems to say. */
static bool check_traps(struct tool_check *check)
{
    struct traps traps = {check, false};

    tool_settings_traps(&check->settings, take_trap, &traps);
    return !traps.fatal;
}

/*
 * Older versions of OpenSSL take any value for yes. Newer ones accept only these words, and not
 * "Yes".
 */
static bool is_one_of(const char *value, const char *const words[7])
{
    for (size_t i = 0; i < 7; i++) {
        if (strcmp(value, words[i]) == 0)
            return true;
    }
    return false;
}

static void say_unreachable(struct tool_check *check, const char *what)
{
    char lines[TOOL_SETTINGS_MISSING];

    check->unreachable = true;
    tool_check_say(check, TOOL_CHECK_FAILED, STEP,
                   tool_settings_missing(&check->settings, lines) ? lines : NULL,
                   "%s: programs do not find it", what);
}

static void check_activation(struct tool_check *check)
{
    static const char *const yes[] = {"1", "yes", "YES", "true", "TRUE", "on", "ON"};
    static const char *const no[] = {"0", "no", "NO", "false", "FALSE", "off", "OFF"};
    static const char *const way_out = "activate = 1 in its section";
    const struct tool_settings *settings = &check->settings;
    const char *value = tool_settings_value(settings, settings->section, "activate");

    if (settings->providers == NULL ||
        !tool_settings_lists(settings, settings->providers, settings->section))
        say_unreachable(check, "the provider is in no list of providers");
    else if (value == NULL)
        say_unreachable(check, "the provider is not activated");
    else if (is_one_of(value, no))
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, way_out,
                       "activate = %s: some versions of OpenSSL activate the provider anyway, "
                       "others do not",
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
    const char *why;
    struct stat st = {0};
    int fd = env_safe_open_secret(path, &st, &why);

    if (fd >= 0)
        tool_check_say(check, TOOL_CHECK_OK, "PIN file", NULL, "%s (mode %04o)", path,
                       (unsigned)st.st_mode & 07777u);
    else if (st.st_mode != 0)
        tool_check_say(check, TOOL_CHECK_FAILED, "PIN file",
                       "it and its folder must belong to root or the user: chmod o-rwx,g-w",
                       "%s: %s (mode %04o)", path, why, (unsigned)st.st_mode & 07777u);
    else
        tool_check_say(check, TOOL_CHECK_FAILED, "PIN file", NULL, "%s: %s", path, why);
    if (fd >= 0)
        (void)close(fd);
}

/* A credential belongs to a service, whose unit sets the folder. A shell has none. */
static void check_credential(struct tool_check *check, const char *source)
{
    char path[PATH_MAX];
    const char *why = env_credential_path(source, path);

    if (why == NULL)
        check_pin_file(check, path);
    else
        tool_check_say(check, TOOL_CHECK_FAILED, "PIN file",
                       "run it as the service does: ExecStartPre=envelope check", "%s: %s", source,
                       why);
}

static bool has_pin_value(const char *value)
{
    return value != NULL && strstr(value, "pin-value=") != NULL;
}

/* A PIN in openssl.cnf can be read by everyone who can read the file. */
static void check_pins(struct tool_check *check)
{
    const struct env_config *config = &check->settings.config;
    struct stat st;

    if (config->pin_source != NULL && strncmp(config->pin_source, "file:", 5) == 0)
        check_pin_file(check, config->pin_source + 5);
    else if (config->pin_source != NULL && env_credential_is(config->pin_source))
        check_credential(check, config->pin_source);
    if ((has_pin_value(config->token) || has_pin_value(config->kek)) &&
        stat(check->settings.file, &st) == 0 && (st.st_mode & S_IROTH) != 0)
        tool_check_say(check, TOOL_CHECK_WARNING, STEP, "pin-source = file:...",
                       "there is a pin-value in %s, which everyone can read", check->settings.file);
}

/*
 * If OpenSSL can read the file, lines are missing from it. Otherwise the lines may show the reason.
 */
static void say_unread(struct tool_check *check, const char *why)
{
    static const char *const other_file =
        "OPENSSL_CONF or --config names the file; envelope(7) has one that works";
    const struct tool_settings *settings = &check->settings;
    const char *wanted = check->run->options.provider_section;
    char lines[TOOL_SETTINGS_MISSING];
    char *section;

    tool_check_say(check, TOOL_CHECK_FAILED, STEP,
                   settings->loaded && tool_settings_missing(settings, lines) ? lines : other_file,
                   "%s", why);
    if (settings->loaded || settings->file == NULL)
        return;
    section = wanted != NULL ? OPENSSL_strdup(wanted) : tool_settings_find_section(settings->file);
    if (section != NULL)
        (void)tool_settings_file_lines(settings->file, section, take_line, check);
    OPENSSL_free(section);
}

bool tool_check_configuration(struct tool_check *check)
{
    const struct tool_options *options = &check->run->options;
    char why[TOOL_SETTINGS_WHY];
    bool seen;

    if (!tool_settings_read(NULL, options->config, options->provider_section, &check->settings, why,
                            sizeof(why))) {
        say_unread(check, why);
        return false;
    }
    tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "%s, section [%s]", check->settings.file,
                   check->settings.section);
    check_lines(check, check->settings.section);
    seen = check_traps(check);
    check_activation(check);
    if (!check_values(check) || !seen)
        return false;
    check_pins(check);
    return true;
}
