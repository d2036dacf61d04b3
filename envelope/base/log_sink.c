/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/log_sink.h"

#include <errno.h>
#include <string.h>

#include "envelope/base/file_name.h"
#include "envelope/base/log_places.h"

#define SYSLOG_SOCKET "/dev/log"

enum kind { NO_PLACE, TO_FILE, TO_SYSLOG, TO_UNIX, TO_STDERR };

static const char syslog_name[] = "syslog";
static const char syslog_prefix[] = "syslog:";
static const char unix_prefix[] = "unix:";
static const char stderr_name[] = "stderr";

struct place {
    enum kind kind;
    const char *path;
};

static bool begins(const char *value, const char *prefix)
{
    return strncmp(value, prefix, strlen(prefix)) == 0;
}

/* Absolute paths only: a daemon's working directory is not the administrator's. */
static struct place at(enum kind kind, const char *path)
{
    bool absolute = path != NULL && path[0] == '/' && path[1] != '\0';

    return (struct place){absolute ? kind : NO_PLACE, path};
}

static struct place place_of(const char *value)
{
    if (env_file_name_is(value))
        return at(TO_FILE, env_file_name_path(value));
    if (begins(value, unix_prefix))
        return at(TO_UNIX, value + sizeof(unix_prefix) - 1);
    if (begins(value, syslog_prefix))
        return at(TO_SYSLOG, value + sizeof(syslog_prefix) - 1);
    if (strcmp(value, syslog_name) == 0)
        return at(TO_SYSLOG, SYSLOG_SOCKET);
    return (struct place){strcmp(value, stderr_name) == 0 ? TO_STDERR : NO_PLACE, NULL};
}

bool env_audit_sink_is(const char *value)
{
    return place_of(value).kind != NO_PLACE;
}

bool env_audit_sink_write(const char *value, const char *line, size_t len, char *why,
                          size_t why_size)
{
    struct place place = place_of(value);

    switch (place.kind) {
    case TO_FILE:
        return env_log_file_write(place.path, line, len, why, why_size);
    case TO_SYSLOG:
        return env_log_syslog_write(place.path, line, len, why, why_size);
    case TO_UNIX:
        return env_log_unix_write(place.path, line, len, why, why_size);
    case TO_STDERR:
        return env_log_stderr_write(line, len, why, why_size);
    case NO_PLACE: /* the configuration was checked before */
        break;
    }
    return env_log_failed(value, "audit-log", EINVAL, why, why_size);
}
