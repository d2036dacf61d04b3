/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says about a running process, perhaps another user's, or with another root. */
#ifndef ENVELOPE_TOOL_CHECK_PROCESS_H
#define ENVELOPE_TOOL_CHECK_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

enum tool_mapped {
    TOOL_NOT_MAPPED,
    TOOL_MAPPED,
    TOOL_MAPPED_DELETED, /* its file has been replaced or removed */
};

/* Parses a process number in decimal. False: it is not one. */
bool tool_process_number(const char *text, pid_t *pid);

/*
 * Finds a mapping by the last component of the file's path, or by a prefix of it. path gets the
 * whole path if it is mapped. False: the process cannot be inspected, errno says why.
 */
struct tool_mapping {
    const char *name;
    bool prefix;
    enum tool_mapped mapped;
    char path[512];
};
bool tool_process_maps(pid_t pid, struct tool_mapping *mappings, size_t count);

/*
 * A variable of the environment that the process started with, from malloc. *value NULL: it was not
 * set. False: the process cannot be inspected, errno says why.
 */
bool tool_process_variable(pid_t pid, const char *name, char **value);

/* The path from here to a path of the other process, through its root or working directory. */
void tool_process_path(pid_t pid, const char *path, char *out, size_t size);

/* When it was started, by today's clock. False: it cannot be inspected, errno says why. */
bool tool_process_started(pid_t pid, struct timespec *started);

#endif
