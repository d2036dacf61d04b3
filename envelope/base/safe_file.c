/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char lost[] = "its folder cannot be found";

static bool is_ours(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

static bool is_read_only(int fd)
{
    struct statvfs fs;

    return fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0;
}

static const char *who_may_write(const struct stat *st)
{
    if (!is_ours(st))
        return "it belongs to another user";
    if ((st->st_mode & S_IWOTH) != 0)
        return "everyone may write to it";
    return (st->st_mode & S_IWGRP) != 0 ? "its group may write to it" : NULL;
}

const char *env_file_unsafe(int fd, const struct stat *st)
{
    const char *who = who_may_write(st);

    return who == NULL || is_read_only(fd) ? NULL : who;
}

static bool is_group_of_ours(gid_t group)
{
    gid_t groups[NGROUPS_MAX];
    int count;

    if (group == getegid())
        return true;
    count = getgroups(NGROUPS_MAX, groups);
    for (int i = 0; i < count; i++) {
        if (groups[i] == group)
            return true;
    }
    return false;
}

const char *env_shared_file_unsafe(int fd, const struct stat *st)
{
    struct stat own = *st;

    if (!is_group_of_ours(st->st_gid))
        return env_file_unsafe(fd, st);
    own.st_mode &= ~(mode_t)S_IWGRP;
    return env_file_unsafe(fd, &own);
}

const char *env_folder_unsafe(int fd, const struct stat *st)
{
    if ((st->st_mode & S_ISVTX) != 0 && is_ours(st))
        return NULL;
    return env_file_unsafe(fd, st);
}

const char *env_parent_unsafe(int folder)
{
    const char *why = lost;
    struct stat st;

    if (fstat(folder, &st) == 0)
        why = env_folder_unsafe(folder, &st);
    if (why == NULL || why == lost)
        return why;
    if (strcmp(why, "everyone may write to it") == 0)
        return "everyone may write to its folder";
    return strcmp(why, "its group may write to it") == 0 ? "its folder's group may write to it"
                                                         : "its folder belongs to another user";
}

/*
 * The file's real path after links. Without /proc, for example in a chroot, the path that was
 * given.
 */
static bool find_path(int fd, int dirfd, const char *given, char path[PATH_MAX])
{
    char link[48];
    struct stat st;
    struct stat opened;
    ssize_t len;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, PATH_MAX);
    if (len > 0 && len < PATH_MAX) {
        path[len] = '\0';
        return true;
    }
    return (dirfd == AT_FDCWD || given[0] == '/') && realpath(given, path) != NULL &&
           stat(path, &st) == 0 && fstat(fd, &opened) == 0 && st.st_ino == opened.st_ino &&
           st.st_dev == opened.st_dev;
}

static const char *judge_parent(int fd, int dirfd, const char *given)
{
    char path[PATH_MAX];
    const char *why;
    char *slash;
    int folder;

    if (!find_path(fd, dirfd, given, path))
        return lost;
    slash = strrchr(path, '/');
    if (slash == NULL)
        return lost;
    slash[slash == path ? 1 : 0] = '\0';
    folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return lost;
    why = env_parent_unsafe(folder);
    (void)close(folder);
    return why;
}

int env_safe_open(int dirfd, const char *path, struct stat *st, const char **why)
{
    /* opening a FIFO would wait for a writer */
    int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    *why = NULL;
    if (fd < 0 || fstat(fd, st) != 0)
        *why = strerror(errno);
    else if (!S_ISREG(st->st_mode))
        *why = "it is not a regular file";
    else
        *why = env_file_unsafe(fd, st);
    if (*why == NULL)
        *why = judge_parent(fd, dirfd, path);
    if (*why == NULL)
        return fd;
    if (fd >= 0) {
        (void)close(fd);
        errno = EPERM;
    }
    return -1;
}

int env_safe_open_secret(const char *path, struct stat *st, const char **why)
{
    int fd = env_safe_open(AT_FDCWD, path, st, why);

    if (fd < 0 || (st->st_mode & S_IROTH) == 0)
        return fd;
    *why = "everyone may read it";
    (void)close(fd);
    return -1;
}
