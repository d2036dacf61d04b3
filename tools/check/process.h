/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a running process, which is another user's or in another root perhaps. */
#ifndef ENVELOPE_TOOL_CHECK_PROCESS_H
#define ENVELOPE_TOOL_CHECK_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

enum tool_mapped {
    TOOL_NOT_MAPPED,
    TOOL_MAPPED,
    TOOL_MAPPED_DELETED, /* its file was replaced or removed since */
};

/* The number of a process in decimal; false: it is none. */
bool tool_process_number(const char *text, pid_t *pid);

/*
 * By the last part of a file's path, and where it does not matter, by the first letters of that.
 * path has the whole one when it is mapped. False: nobody can look, errno says why.
 */
struct tool_mapping {
    const char *name;
    bool prefix;
    enum tool_mapped mapped;
    char path[512];
};
bool tool_process_maps(pid_t pid, struct tool_mapping *mappings, size_t count);

/*
 * A variable of the environment that it was started with, from malloc; *value NULL: it had none.
 * False: nobody can look, errno says why.
 */
bool tool_process_variable(pid_t pid, const char *name, char **value);

/* How this process reaches a path of the other's: by its root or its working directory. */
void tool_process_path(pid_t pid, const char *path, char *out, size_t size);

/* When it was started, by the clock as it is now. False: nobody can look, errno says why. */
bool tool_process_started(pid_t pid, struct timespec *started);

#endif
