/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going through files and trees: always in the same order, and never through a link. A file is kept
 * as its name in an open directory, so that nobody can put a link in the way meanwhile.
 */
#ifndef ENVELOPE_TOOL_WALK_H
#define ENVELOPE_TOOL_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tool_dir; /* an open directory; counted */

/*
 * Directories inside one another that are gone into; deeper ones are failures. All of them are open
 * at once: without a limit, someone could use up all descriptors with very deep directories.
 */
#define TOOL_WALK_DEPTH 256u

enum tool_found {
    TOOL_FOUND_FILE,    /* regular */
    TOOL_FOUND_OTHER,   /* a link, a FIFO, a device ... in a directory: what says which */
    TOOL_FOUND_FAILURE, /* it could not be looked at: what says why. An operand of another kind too
                         */
};

/* One thing found. The strings and the reference to dir are the entry's. */
struct tool_entry {
    enum tool_found found;
    struct tool_dir *dir; /* NULL with TOOL_FOUND_FAILURE when it is the directory that failed */
    char *name;           /* in dir */
    char *path;           /* as it is shown */
    const char *what;     /* never to be freed */
    uint64_t size;        /* when it was found */
    bool operand;         /* named by the user, not found in a directory */
};

/* Takes what is found, and the entry with it; false ends the walk. */
typedef bool tool_walk_fn(void *arg, struct tool_entry *entry);

/*
 * Goes through one operand. A link is not followed, but with a slash after it, it is the directory
 * that it leads to. False when it was ended, or memory did.
 */
bool tool_walk(const char *operand, tool_walk_fn *take, void *arg);

void tool_entry_clear(struct tool_entry *entry);

/* The directory, for openat and its like. */
int tool_dir_fd(const struct tool_dir *dir);

/*
 * Opens the file if it still is a regular one. flags are O_RDONLY or O_RDWR; it never blocks and
 * never follows a link. -1 with words in *why.
 */
int tool_entry_open(const struct tool_entry *entry, int flags, const char **why);

#endif
