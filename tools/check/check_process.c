/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/check_process.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/check/process.h"

#define STEP "process"
#define MODULE_SUFFIX ".so"

struct process {
    pid_t pid;
    char *variable;  /* OPENSSL_CONF; NULL: not set when the process started */
    char said[4096]; /* the configuration file, by the process's path */
    char file[4160]; /* and by the path from here */
};

static bool unable(const struct tool_check *check, const char *what)
{
    const char *pid = check->run->options.pid;

    if (errno == ENOENT || errno == ESRCH)
        tool_complain(check->run, "there is no process %s", pid);
    else
        tool_complain(check->run, "%s of process %s cannot be read: %s", what, pid,
                      strerror(errno));
    return false;
}

/* ---- its configuration ---- */

static bool find_file(const struct tool_check *check, struct process *process)
{
    const char *folder = OPENSSL_info(OPENSSL_INFO_CONFIG_DIR);

    if (!tool_process_variable(process->pid, "OPENSSL_CONF", &process->variable))
        return unable(check, "the environment");
    if (process->variable != NULL)
        (void)snprintf(process->said, sizeof(process->said), "%s", process->variable);
    else
        (void)snprintf(process->said, sizeof(process->said), "%s/openssl.cnf",
                       folder != NULL ? folder : "");
    tool_process_path(process->pid, process->said, process->file, sizeof(process->file));
    return true;
}

/* With --config it must be that file. */
static void check_same(struct tool_check *check, const struct process *process,
                       const struct stat *its)
{
    const char *wanted = check->run->options.config;
    struct stat st;

    if (wanted == NULL ||
        (stat(wanted, &st) == 0 && st.st_dev == its->st_dev && st.st_ino == its->st_ino))
        return;
    tool_check_say(check, TOOL_CHECK_FAILED, STEP, "set OPENSSL_CONF where it is started",
                   "it was started with %s, not with %s", process->said, wanted);
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Does not use st_mtim, which a file keeps when it is moved into place. */
static bool check_age(struct tool_check *check, const struct process *process,
                      const struct stat *file)
{
    struct timespec started;

    if (!tool_process_started(process->pid, &started))
        return unable(check, "the state");
    if (is_before(&started, &file->st_ctim))
        tool_check_say(
            check, TOOL_CHECK_FAILED, STEP, "restart it",
            "%s was changed after the process started, which still uses the old contents",
            process->said);
    else
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "%s has not changed since it was started",
                       process->said);
    return true;
}

/* Whether there is a file that may have configured the process. */
static bool check_file(struct tool_check *check, const struct process *process)
{
    struct stat st;
    char why[TOOL_SETTINGS_WHY];

    if (stat(process->file, &st) != 0) {
        if (errno == EACCES || errno == EPERM)
            return unable(check, "the configuration");
        tool_check_say(check, TOOL_CHECK_FAILED, STEP, "set OPENSSL_CONF where it is started",
                       "its configuration %s does not exist: %s", process->said, strerror(errno));
        return true;
    }
    if (!tool_settings_read(NULL, process->file, check->run->options.provider_section,
                            &check->settings, why, sizeof(why)))
        tool_check_say(check, TOOL_CHECK_FAILED, STEP, "set OPENSSL_CONF where it is started",
                       "%s: %s", process->said, why);
    else
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "it was started with %s%s, section [%s]",
                       process->variable != NULL ? "OPENSSL_CONF=" : "", process->said,
                       check->settings.section);
    check_same(check, process, &st);
    return check_age(check, process, &st);
}

/* ---- what it runs ---- */

/* The file name of the module, as libcrypto derives it from the configuration. */
static void module_name(const struct tool_check *check, char *out, size_t size)
{
    const struct tool_settings *settings = &check->settings;
    const char *module = settings->conf != NULL && settings->section != NULL
                             ? tool_settings_value(settings, settings->section, "module")
                             : NULL;
    const char *last;
    size_t len;

    if (module == NULL)
        module = settings->name != NULL ? settings->name : TOOL_SETTINGS_OWN_NAME;
    last = strrchr(module, '/') != NULL ? strrchr(module, '/') + 1 : module;
    len = strlen(last);
    (void)snprintf(out, size, "%s%s", last,
                   len > strlen(MODULE_SUFFIX) &&
                           strcmp(last + len - strlen(MODULE_SUFFIX), MODULE_SUFFIX) == 0
                       ? ""
                       : MODULE_SUFFIX);
}

static void say_module(struct tool_check *check, const struct tool_mapping *module,
                       const struct tool_mapping *libcrypto)
{
    if (module->mapped == TOOL_MAPPED)
        tool_check_say(check, TOOL_CHECK_OK, STEP, NULL, "it has %s loaded", module->path);
    else if (module->mapped == TOOL_MAPPED_DELETED)
        tool_check_say(check, TOOL_CHECK_FAILED, STEP, "restart it",
                       "it has a %s loaded that no longer exists", module->path);
    else if (libcrypto->mapped != TOOL_NOT_MAPPED)
        tool_check_say(check, TOOL_CHECK_FAILED, STEP,
                       "envelope check --config FILE, run by its user, says what is wrong with its "
                       "configuration",
                       "it uses %s and has no %s loaded", libcrypto->path, module->name);
    else
        tool_check_say(check, TOOL_CHECK_FAILED, STEP,
                       "a program with static OpenSSL, or with another library, loads no provider",
                       "it has no libcrypto loaded");
}

static bool check_module(struct tool_check *check, const struct process *process)
{
    char name[256];
    struct tool_mapping mappings[] = {{.name = name}, {.name = "libcrypto.so", .prefix = true}};

    module_name(check, name, sizeof(name));
    if (!tool_process_maps(process->pid, mappings, 2))
        return unable(check, "the memory map");
    say_module(check, &mappings[0], &mappings[1]);
    return true;
}

bool tool_check_process(struct tool_check *check)
{
    struct process process = {.pid = 0};
    bool looked;

    if (!tool_process_number(check->run->options.pid, &process.pid)) {
        tool_complain(check->run, "--pid takes the number of a process: %s",
                      check->run->options.pid);
        return false;
    }
    looked =
        find_file(check, &process) && check_file(check, &process) && check_module(check, &process);
    free(process.variable);
    return looked;
}
