/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/message/audit_process.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/cgroup_unit.h"

static void put_host(struct env_json *json)
{
    char host[HOST_NAME_MAX + 1] = ""; /* any bytes: the kernel does not check the name */

    if (gethostname(host, sizeof(host) - 1) == 0 && host[0] != '\0')
        env_json_bytes(json, "host", host, strlen(host));
    else
        env_json_text(json, "host", NULL);
}

static void put_unit(struct env_json *json)
{
    char unit[ENV_UNIT_TEXT];

    if (env_cgroup_unit_of_file("/proc/self/cgroup", unit))
        env_json_bytes(json, "unit", unit, strlen(unit));
    else
        env_json_text(json, "unit", NULL);
}

static void put_program(struct env_json *json)
{
    char program[1024];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program));

    if (len > 0)
        env_json_bytes(json, "program", program, (size_t)len);
    else
        env_json_text(json, "program", program_invocation_name);
}

void env_audit_put_process(struct env_json *json, const struct env_config *config,
                           const char *application)
{
    put_host(json);
    put_unit(json);
    env_json_text(json, "application",
                  config->application != NULL ? config->application : application);
    env_json_number(json, "pid", (uint64_t)getpid());
    env_json_number(json, "uid", (uint64_t)getuid());
    env_json_number(json, "euid", (uint64_t)geteuid());
    put_program(json);
}
