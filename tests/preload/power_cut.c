/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A power cut in place of a kill: what no fsync has put on the disk is taken back before the
 * process dies, the last of it first. FAULT_POWER says what of it:
 *
 *     data   bytes that were written since the last fsync of their file
 *     half   the second half of each of those writes
 *     names  what was made, removed and renamed since the last fsync of its directory
 *     all    data and names
 *
 * Between these a file system may do what it likes. Files that are removed or replaced get a name
 * in the directory FAULT_STASH, on the same file system, so that they can come back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"

#define MOST 4096u

enum kind { WRITTEN, CREATED, UNLINKED, RENAMED, EXCHANGED };

struct undo {
    enum kind kind;
    bool synced;
    int fd; /* a duplicate: of the file, or of the directory */
    dev_t dev;
    ino_t ino;
    off_t offset;
    off_t size; /* of the file before */
    size_t len;
    char *bytes; /* before */
    char *name;
    char *to;
    char stash[4096];
};

static struct undo list[MOST];
static unsigned used;

static bool is(const char *what)
{
    const char *power = getenv("FAULT_POWER");

    return power != NULL && (*what == '\0' || strcmp(power, what) == 0);
}

static struct undo *add(enum kind kind, int fd)
{
    struct stat st;
    struct undo *undo;

    if (used == MOST || fstat(fd, &st) != 0)
        abort();
    undo = &list[used++];
    memset(undo, 0, sizeof(*undo));
    undo->kind = kind;
    undo->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    undo->dev = st.st_dev;
    undo->ino = st.st_ino;
    undo->size = st.st_size;
    return undo;
}

/* Gives a file that is about to lose its name another one. */
static void stash(struct undo *undo, int dir, const char *name)
{
    (void)snprintf(undo->stash, sizeof(undo->stash), "%s/%d.%u", getenv("FAULT_STASH"),
                   (int)getpid(), used);
    if (linkat(dir, name, AT_FDCWD, undo->stash, 0) != 0)
        undo->stash[0] = '\0';
}

static void bring_back(const struct undo *undo, const char *name)
{
    if (undo->stash[0] != '\0' && real.renameat(AT_FDCWD, undo->stash, undo->fd, name) != 0)
        abort();
}

void power_before_write(int fd, size_t len, off_t offset)
{
    struct undo *undo;
    ssize_t n;

    if (!is(""))
        return;
    undo = add(WRITTEN, fd);
    undo->offset = offset;
    undo->bytes = malloc(len + 1);
    if (undo->bytes == NULL)
        abort();
    n = real.pread(fd, undo->bytes, len,
                   offset); /* fewer where the file ends, none if write-only */
    undo->len = n > 0 ? (size_t)n : 0;
}

void power_before_unlink(int dir, const char *name)
{
    struct undo *undo;

    if (!is(""))
        return;
    undo = add(UNLINKED, dir);
    undo->name = strdup(name);
    stash(undo, dir, name);
}

void power_before_rename(int dir, const char *from, const char *to)
{
    struct undo *undo;

    if (!is(""))
        return;
    undo = add(RENAMED, dir);
    undo->name = strdup(from);
    undo->to = strdup(to);
    stash(undo, dir, to);
}

void power_before_exchange(int dir, const char *from, const char *to)
{
    struct undo *undo;

    if (!is(""))
        return;
    undo = add(EXCHANGED, dir);
    undo->name = strdup(from);
    undo->to = strdup(to);
}

void power_after_create(int dir, const char *name)
{
    if (is(""))
        add(CREATED, dir)->name = strdup(name);
}

void power_synced(int fd)
{
    struct stat st;

    if (!is("") || fstat(fd, &st) != 0)
        return;
    for (unsigned i = 0; i < used; i++) {
        if (list[i].dev == st.st_dev && list[i].ino == st.st_ino)
            list[i].synced = true;
    }
}

static void undo_write(const struct undo *undo, bool half)
{
    size_t kept = half ? undo->len / 2 : 0;
    struct stat st;

    if (undo->len > kept &&
        real.pwrite(undo->fd, undo->bytes + kept, undo->len - kept, undo->offset + (off_t)kept) < 0)
        abort();
    if (fstat(undo->fd, &st) != 0)
        abort();
    if (st.st_size > undo->size &&
        real.ftruncate(undo->fd, half ? (undo->size + st.st_size) / 2 : undo->size) != 0)
        abort();
}

static void undo_names(const struct undo *undo)
{
    if (undo->kind == CREATED)
        (void)real.unlinkat(undo->fd, undo->name, 0);
    if (undo->kind == UNLINKED)
        bring_back(undo, undo->name);
    if (undo->kind == EXCHANGED &&
        real.renameat2(undo->fd, undo->to, undo->fd, undo->name, RENAME_EXCHANGE) != 0)
        abort();
    if (undo->kind == RENAMED) {
        if (real.renameat(undo->fd, undo->to, undo->fd, undo->name) != 0)
            abort();
        bring_back(undo, undo->to);
    }
}

void power_cut(void)
{
    while (used > 0) {
        const struct undo *undo = &list[--used];

        if (undo->synced)
            continue;
        if (undo->kind == WRITTEN && (is("data") || is("half") || is("all")))
            undo_write(undo, is("half"));
        if (undo->kind != WRITTEN && (is("names") || is("all")))
            undo_names(undo);
    }
}
