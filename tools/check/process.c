/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/check/process.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DELETED " (deleted)"
#define SECOND 1000000000LL

bool tool_process_number(const char *text, pid_t *pid)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (errno != 0 || *text < '1' || *text > '9' || *end != '\0' || value > INT_MAX)
        return false;
    *pid = (pid_t)value;
    return true;
}

static FILE *open_of(pid_t pid, const char *what)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, what);
    return fopen(path, "re");
}

/* False with errno if reading ended before the end of the file. */
static bool ended_well(FILE *in)
{
    bool good = ferror(in) == 0;
    int why = errno;

    (void)fclose(in);
    errno = why;
    return good;
}

/* ---- its mappings ---- */

static bool is_named(const struct tool_mapping *mapping, const char *path)
{
    const char *last = strrchr(path, '/');

    if (last == NULL)
        return false;
    return mapping->prefix ? strncmp(last + 1, mapping->name, strlen(mapping->name)) == 0
                           : strcmp(last + 1, mapping->name) == 0;
}

/* A file that still exists takes precedence over one that was deleted. */
static void take_path(struct tool_mapping *mapping, char *path)
{
    size_t len = strlen(path);
    bool deleted = len > strlen(DELETED) && strcmp(path + len - strlen(DELETED), DELETED) == 0;
    bool named;

    if (deleted)
        path[len - strlen(DELETED)] = '\0';
    named = is_named(mapping, path);
    if (named && mapping->mapped != TOOL_MAPPED) {
        mapping->mapped = deleted ? TOOL_MAPPED_DELETED : TOOL_MAPPED;
        (void)snprintf(mapping->path, sizeof(mapping->path), "%s", path);
    }
    if (deleted)
        path[len - strlen(DELETED)] = ' ';
}

bool tool_process_maps(pid_t pid, struct tool_mapping *mappings, size_t count)
{
    FILE *in = open_of(pid, "maps");
    char *line = NULL;
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        mappings[i].mapped = TOOL_NOT_MAPPED;
    if (in == NULL)
        return false;
    while (getline(&line, &size, in) > 0) {
        char *path = strchr(line, '/');

        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; path != NULL && i < count; i++)
            take_path(&mappings[i], path);
    }
    free(line);
    return ended_well(in);
}

/* ---- how it was started ---- */

bool tool_process_variable(pid_t pid, const char *name, char **value)
{
    FILE *in = open_of(pid, "environ");
    size_t len = strlen(name);
    char *entry = NULL;
    size_t size = 0;
    bool good = true;

    *value = NULL;
    if (in == NULL)
        return false;
    while (good && *value == NULL && getdelim(&entry, &size, '\0', in) > 0) {
        if (strncmp(entry, name, len) == 0 && entry[len] == '=') {
            *value = strdup(entry + len + 1);
            good = *value != NULL;
        }
    }
    free(entry);
    return ended_well(in) && good;
}

void tool_process_path(pid_t pid, const char *path, char *out, size_t size)
{
    (void)snprintf(out, size, "/proc/%ld/%s%s", (long)pid, *path == '/' ? "root" : "cwd/", path);
}

/* The 22nd field. The second one is a name in parentheses, which may contain anything. */
static bool started_ticks(pid_t pid, long long *ticks)
{
    FILE *in = open_of(pid, "stat");
    char *line = NULL;
    size_t size = 0;
    const char *at;
    bool good = false;

    if (in == NULL)
        return false;
    errno = ESRCH; /* it may end in the meantime */
    if (getdelim(&line, &size, '\0', in) > 0 && (at = strrchr(line, ')')) != NULL) {
        at++;
        for (int field = 3; field < 22 && at != NULL; field++)
            at = strchr(at + 1, ' ');
        if (at != NULL) {
            *ticks = strtoll(at, NULL, 10);
            good = true;
        }
    }
    free(line);
    return ended_well(in) && good;
}

bool tool_process_started(pid_t pid, struct timespec *started)
{
    long long per_second = sysconf(_SC_CLK_TCK);
    struct timespec now;
    struct timespec up;
    long long ticks;
    long long at;

    if (!started_ticks(pid, &ticks) || clock_gettime(CLOCK_REALTIME, &now) != 0 ||
        clock_gettime(CLOCK_BOOTTIME, &up) != 0)
        return false;
    at = (now.tv_sec - up.tv_sec) * SECOND + (now.tv_nsec - up.tv_nsec) +
         ticks / per_second * SECOND + (ticks % per_second + 1) * (SECOND / per_second);
    *started = (struct timespec){.tv_sec = at / SECOND, .tv_nsec = at % SECOND};
    return true;
}
