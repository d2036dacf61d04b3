/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tool_dir {
    _Atomic unsigned refs;
    unsigned depth; /* below the operand */
    int fd;
};

struct walk {
    tool_walk_fn *take;
    void *arg;
};

int tool_dir_fd(const struct tool_dir *dir)
{
    return dir->fd;
}

static struct tool_dir *dir_new(int fd, unsigned depth)
{
    struct tool_dir *dir = malloc(sizeof(*dir));

    if (dir == NULL)
        return NULL;
    atomic_init(&dir->refs, 1);
    dir->depth = depth;
    dir->fd = fd;
    return dir;
}

static struct tool_dir *dir_ref(struct tool_dir *dir)
{
    if (dir != NULL)
        (void)atomic_fetch_add(&dir->refs, 1);
    return dir;
}

static void dir_unref(struct tool_dir *dir)
{
    if (dir != NULL && atomic_fetch_sub(&dir->refs, 1) == 1) {
        (void)close(dir->fd);
        free(dir);
    }
}

void tool_entry_clear(struct tool_entry *entry)
{
    dir_unref(entry->dir);
    free(entry->name);
    free(entry->path);
    memset(entry, 0, sizeof(*entry));
}

/* ---- one entry ---- */

static const char *kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFLNK:
        return "a symbolic link, which is not followed";
    case S_IFIFO:
        return "a FIFO";
    case S_IFSOCK:
        return "a socket";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    case S_IFDIR:
        return "a directory";
    default:
        return "not a regular file";
    }
}

/* The same for an operand, with advice. */
static const char *operand_kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFLNK:
        return "a symbolic link, which is not followed: name its target, or put a slash after a "
               "link to a directory";
    case S_IFIFO:
        return "a FIFO, which is skipped";
    case S_IFSOCK:
        return "a socket, which is skipped";
    case S_IFCHR:
    case S_IFBLK:
        return "a device, which is skipped";
    default:
        return kind_of(mode);
    }
}

/* strerror's text stays valid while the program runs, unless the number is unknown. */
static const char *why_errno(int number)
{
    const char *text = strerrordesc_np(number);

    return text != NULL ? text : "unknown error";
}

static bool found(const struct walk *walk, enum tool_found what_found, struct tool_dir *dir,
                  const char *name, const char *path, const char *what, uint64_t size)
{
    struct tool_entry entry = {what_found,
                               dir_ref(dir),
                               strdup(name),
                               strdup(path),
                               what,
                               size,
                               dir == NULL || dir->depth == 0};

    if (entry.name == NULL || entry.path == NULL) {
        tool_entry_clear(&entry);
        return false;
    }
    return walk->take(walk->arg, &entry);
}

static bool found_failure(const struct walk *walk, struct tool_dir *dir, const char *name,
                          const char *path, int number)
{
    return found(walk, TOOL_FOUND_FAILURE, dir, name, path, why_errno(number), 0);
}

static bool walk_directory(const struct walk *walk, struct tool_dir *parent, const char *name,
                           const char *path);

static bool walk_name(const struct walk *walk, struct tool_dir *dir, const char *name,
                      const char *path)
{
    struct stat st;

    if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return found_failure(walk, dir, name, path, errno);
    if (S_ISDIR(st.st_mode))
        return walk_directory(walk, dir, name, path);
    if (S_ISREG(st.st_mode))
        return found(walk, TOOL_FOUND_FILE, dir, name, path, NULL, (uint64_t)st.st_size);
    /* someone who names a link or a FIFO expects something to happen with it */
    return found(walk, dir->depth == 0 ? TOOL_FOUND_FAILURE : TOOL_FOUND_OTHER, dir, name, path,
                 dir->depth == 0 ? operand_kind_of(st.st_mode) : kind_of(st.st_mode), 0);
}

/* ---- directories ---- */

struct names {
    char **list;
    size_t count;
    size_t room;
};

static void names_clear(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
}

static bool names_add(struct names *names, const char *name)
{
    char *copy;

    if (names->count == names->room) {
        size_t room = names->room > 0 ? 2 * names->room : 64;
        char **list = reallocarray(names->list, room, sizeof(*list));

        if (list == NULL)
            return false;
        names->list = list;
        names->room = room;
    }
    copy = strdup(name);
    if (copy == NULL)
        return false;
    names->list[names->count++] = copy;
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* 0, or an errno. */
static int read_names(int fd, struct names *names)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* closedir closes the descriptor */
    DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;
    int failed = 0;

    if (stream == NULL) {
        failed = errno;
        if (copy >= 0)
            (void)close(copy);
        return failed;
    }
    for (;;) {
        errno = 0;
        entry = readdir(stream);
        if (entry == NULL) {
            failed = errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!names_add(names, entry->d_name)) {
            failed = ENOMEM;
            break;
        }
    }
    (void)closedir(stream);
    if (names->count > 1)
        qsort(names->list, names->count, sizeof(*names->list), by_bytes);
    return failed;
}

static char *joined(const char *path, const char *name)
{
    size_t len = strlen(path);
    char *out = NULL;

    if (asprintf(&out, "%s%s%s", path, len > 0 && path[len - 1] == '/' ? "" : "/", name) < 0)
        return NULL;
    return out;
}

static bool walk_names(const struct walk *walk, struct tool_dir *dir, const struct names *names,
                       const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        char *child = joined(path, names->list[i]);
        bool go_on = child != NULL && walk_name(walk, dir, names->list[i], child);

        free(child);
        if (!go_on)
            return false;
    }
    return true;
}

static bool walk_directory(const struct walk *walk, struct tool_dir *parent, const char *name,
                           const char *path)
{
    struct names names = {0};
    struct tool_dir *dir;
    int failed;
    bool go_on;
    int fd;

    if (parent->depth == TOOL_WALK_DEPTH)
        return found(walk, TOOL_FOUND_FAILURE, parent, name, path, "a directory nested too deeply",
                     0);
    fd = openat(parent->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return found_failure(walk, parent, name, path, errno);
    dir = dir_new(fd, parent->depth + 1);
    if (dir == NULL) {
        (void)close(fd);
        return false;
    }
    failed = read_names(fd, &names);
    go_on = walk_names(walk, dir, &names, path);
    if (go_on && failed != 0)
        go_on = found_failure(walk, parent, name, path, failed);
    names_clear(&names);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    dir_unref(dir);
    return go_on;
}

/* ---- operands ---- */

/*
 * Where the last component of a path begins. A trailing slash stays with it: "link/" is the
 * directory that the link points to, as usual.
 */
static size_t split(char *path)
{
    size_t len = strlen(path);
    size_t at;

    while (len > 2 && path[len - 1] == '/' && path[len - 2] == '/')
        path[--len] = '\0';
    at = len > 0 && path[len - 1] == '/' ? len - 1 : len;
    while (at > 0 && path[at - 1] != '/')
        at--;
    return at;
}

static bool walk_split(const struct walk *walk, const char *operand, char *path)
{
    size_t at = split(path);
    const char *name = path[at] != '\0' && path[at] != '/' ? path + at : ".";
    char *parent = at > 0 ? strndup(path, at) : strdup(*path == '/' ? "/" : ".");
    struct tool_dir *dir;
    bool go_on = false;
    int fd;

    if (parent == NULL)
        return false;
    fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    free(parent);
    if (fd < 0)
        return found_failure(walk, NULL, name, operand, errno);
    dir = dir_new(fd, 0);
    if (dir == NULL) {
        (void)close(fd);
        return false;
    }
    go_on = walk_name(walk, dir, name, operand);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not count references */
    dir_unref(dir);
    return go_on;
}

bool tool_walk(const char *operand, tool_walk_fn *take, void *arg)
{
    const struct walk walk = {take, arg};
    char *path = strdup(operand);
    bool go_on;

    if (path == NULL)
        return false;
    go_on = *operand != '\0' ? walk_split(&walk, operand, path)
                             : found_failure(&walk, NULL, "", "", ENOENT);
    free(path);
    return go_on;
}

/* ---- files ---- */

int tool_entry_open(const struct tool_entry *entry, int flags, const char **why)
{
    struct stat st;
    int fd =
        openat(entry->dir->fd, entry->name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        *why = errno == ELOOP ? kind_of(S_IFLNK) : why_errno(errno);
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    *why = kind_of(st.st_mode);
    (void)close(fd);
    return -1;
}
