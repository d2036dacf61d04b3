/* SPDX-License-Identifier: Apache-2.0 */
/* Which unit or pod a process belongs to, by the names of its control groups (cgroups(7)). */
#ifndef ENVELOPE_CGROUP_UNIT_H
#define ENVELOPE_CGROUP_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#define ENV_UNIT_TEXT 256u /* a name of a folder, terminated */

/*
 * text is that of /proc/PID/cgroup. The result is "pod" and its UID if Kubernetes made the group,
 * otherwise the innermost service or scope of systemd. False: neither is present.
 */
bool env_cgroup_unit(const char *text, size_t len, char out[ENV_UNIT_TEXT]);

/* The same for a file. Also false if it cannot be read. */
bool env_cgroup_unit_of_file(const char *path, char out[ENV_UNIT_TEXT]);

#endif
