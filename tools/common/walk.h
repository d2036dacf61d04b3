/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks files and trees, always in the same order, and never through a link. A file is kept as its
 * name in an open directory, so that nobody can substitute a link meanwhile.
 */
#ifndef ENVELOPE_TOOL_WALK_H
#define ENVELOPE_TOOL_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tool_dir; /* an open directory; reference-counted */

/*
 * How deep directories may be nested; deeper ones are failures. All of them are open at the same
 * time, so without a limit, very deep directories could use up all descriptors.
 */
#define TOOL_WALK_DEPTH 256u

enum tool_found {
    TOOL_FOUND_FILE,    /* a regular file */
    TOOL_FOUND_OTHER,   /* a link, FIFO, device ... in a directory: what says which */
    TOOL_FOUND_FAILURE, /* could not be inspected, or an operand of another kind: what says why */
};

/* One entry. It owns the strings and a reference to dir. */
struct tool_entry {
    enum tool_found found;
    struct tool_dir *dir; /* NULL with TOOL_FOUND_FAILURE if the directory itself failed */
    char *name;           /* in dir */
    char *path;           /* as shown to users */
    const char *what;     /* never to be freed */
    uint64_t size;        /* when it was found */
    bool operand;         /* the user named it; it was not found in a directory */
};

/* Takes over what was found; false ends the walk. */
typedef bool tool_walk_fn(void *arg, struct tool_entry *entry);

/*
 * Walks one operand. A link is not followed, but a link with a slash after it means the directory
 * that it points to. False if the walk was ended, or memory ran out.
 */
bool tool_walk(const char *operand, tool_walk_fn *take, void *arg);

void tool_entry_clear(struct tool_entry *entry);

/* The directory, for openat and similar calls. */
int tool_dir_fd(const struct tool_dir *dir);

/*
 * Opens the file if it is still a regular one. flags are O_RDONLY or O_RDWR. Never blocks or
 * follows a link. -1 with the reason in *why.
 */
int tool_entry_open(const struct tool_entry *entry, int flags, const char **why);

#endif
