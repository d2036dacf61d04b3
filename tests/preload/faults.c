/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library for LD_PRELOAD that lets a chosen call on the files of a tree go wrong. The calls are
 * numbered from 1.
 *
 *     FAULT_DIR=DIR   the tree; calls on other files are not seen
 *     FAULT_LOG=FILE  gets a line for every call: its number, its name and the file
 *     FAULT_AT=N      at the N-th call
 *     FAULT_DO=WHAT   before, after: the process is killed before or after it
 *                     torn: a write puts half of its bytes down, then the process is killed
 *                     short: a write or a copy does a part; every one does so, not the N-th alone
 *                     half: a write does half of it, and from then on the disk is full
 *                     dent: a write does half of it, and the next call finds the disk full
 *                     EIO, ENOSPC, EINTR, EPERM, EINVAL: it fails with that
 *                     newer: just before it another program renames the file FAULT_NEWER.1 over
 *                     FAULT_OVER; with FAULT_ALWAYS also FAULT_NEWER.2, .3, ... before the renames
 *                     that follow
 *                     newer-killed: the same, and the process is killed after the call
 *     FAULT_ALWAYS=1  all calls from the N-th on fail, as on a disk that is full
 *     FAULT_POWER=data, half, names, all   a kill is a power cut, see power_cut.c
 */
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

struct real_calls real;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *tree;
static const char *what = "";
static unsigned long fault_at;
static bool always;
static int log_fd = -1;
static unsigned long count;

static void *find(const char *name)
{
    void *call = dlsym(RTLD_NEXT, name);

    if (call == NULL)
        abort();
    return call;
}

__attribute__((constructor)) static void begin(void)
{
    const char *log = getenv("FAULT_LOG");

    *(void **)&real.openat = find("openat");
    *(void **)&real.pread = find("pread");
    *(void **)&real.pwrite = find("pwrite");
    *(void **)&real.write = find("write");
    *(void **)&real.fsync = find("fsync");
    *(void **)&real.ftruncate = find("ftruncate");
    *(void **)&real.unlinkat = find("unlinkat");
    *(void **)&real.renameat = find("renameat");
    *(void **)&real.renameat2 = find("renameat2");
    *(void **)&real.symlinkat = find("symlinkat");
    *(void **)&real.copy_file_range = find("copy_file_range");
    *(void **)&real.fchown = find("fchown");
    *(void **)&real.fchmod = find("fchmod");
    *(void **)&real.fsetxattr = find("fsetxattr");
    *(void **)&real.futimens = find("futimens");
    tree = getenv("FAULT_DIR");
    if (getenv("FAULT_DO") != NULL)
        what = getenv("FAULT_DO");
    if (getenv("FAULT_AT") != NULL)
        fault_at = strtoul(getenv("FAULT_AT"), NULL, 10);
    always = getenv("FAULT_ALWAYS") != NULL || strcmp(what, "half") == 0;
    if (log != NULL)
        log_fd = real.openat(AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static bool in_tree(int fd, char path[PATH_MAX])
{
    char link[64];
    ssize_t len;

    if (tree == NULL)
        return false;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, path, PATH_MAX - 1);
    if (len < 0)
        return false;
    path[len] = '\0';
    return strncmp(path, tree, strlen(tree)) == 0;
}

static void die(void)
{
    power_cut();
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

static int error_of(void)
{
    static const struct {
        const char *name;
        int code;
    } errors[] = {
        {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"EPERM", EPERM}, {"EINVAL", EINVAL}};

    if (strcmp(what, "half") == 0 || strcmp(what, "dent") == 0)
        return count > fault_at ? ENOSPC : 0;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (strcmp(what, errors[i].name) == 0)
            return errors[i].code;
    }
    return 0;
}

/* The other program. */
static void rename_newer_in(void)
{
    static unsigned number;
    char newer[PATH_MAX];

    (void)snprintf(newer, sizeof(newer), "%s.%u", getenv("FAULT_NEWER"), ++number);
    if (real.renameat(AT_FDCWD, newer, AT_FDCWD, getenv("FAULT_OVER")) != 0 && errno != ENOENT)
        abort();
}

/* Enters a call: numbers and logs it. *now says whether it is the one that goes wrong. */
static bool enter(const char *call, int fd, const char *name, bool *now)
{
    char path[PATH_MAX];
    char line[2 * PATH_MAX];
    int len;

    *now = false;
    if (!in_tree(fd, path))
        return false;
    (void)pthread_mutex_lock(&lock);
    count++;
    *now = fault_at != 0 && (count == fault_at || (always && count > fault_at) ||
                             (count == fault_at + 1 && strcmp(what, "dent") == 0));
    len = snprintf(line, sizeof(line), "%lu %s %s%s%s\n", count, call, path,
                   name != NULL ? "/" : "", name != NULL ? name : "");
    if (log_fd >= 0 && real.write(log_fd, line, (size_t)len) != len)
        abort();
    if (*now && strncmp(what, "newer", 5) == 0 &&
        (count == fault_at || strncmp(call, "rename", 6) == 0))
        rename_newer_in();
    return true;
}

static void leave(void)
{
    (void)pthread_mutex_unlock(&lock);
}

/* Whether the call is to fail instead; dies here when it is to die before. */
static bool fails(bool now)
{
    int code = now ? error_of() : 0;

    if (now && strcmp(what, "before") == 0)
        die();
    if (code == 0)
        return false;
    errno = code;
    return true;
}

/* Whether a write or a copy is to do a part only. */
static bool is_partial(bool now)
{
    return strcmp(what, "short") == 0 ||
           (now &&
            (strcmp(what, "torn") == 0 || strcmp(what, "half") == 0 || strcmp(what, "dent") == 0));
}

static void done(bool now)
{
    int saved = errno;

    if (now && (strcmp(what, "after") == 0 || strcmp(what, "torn") == 0 ||
                strcmp(what, "newer-killed") == 0))
        die();
    leave();
    errno = saved;
}

/* ---- the calls ---- */

/* Calls that need not be remembered. */
#define SIMPLE(call, fd, name, arguments)                                                          \
    do {                                                                                           \
        bool now;                                                                                  \
        int r = -1;                                                                                \
        if (!enter(#call, (fd), (name), &now))                                                     \
            return real.call arguments;                                                            \
        if (!fails(now))                                                                           \
            r = real.call arguments;                                                               \
        done(now);                                                                                 \
        return r;                                                                                  \
    } while (0)

int fchown(int fd, uid_t uid, gid_t gid)
{
    SIMPLE(fchown, fd, NULL, (fd, uid, gid));
}

int fchmod(int fd, mode_t mode)
{
    SIMPLE(fchmod, fd, NULL, (fd, mode));
}

int fsetxattr(int fd, const char *name, const void *value, size_t len, int flags)
{
    SIMPLE(fsetxattr, fd, NULL, (fd, name, value, len, flags));
}

int futimens(int fd, const struct timespec times[2])
{
    SIMPLE(futimens, fd, NULL, (fd, times));
}

int openat(int dir, const char *name, int flags, ...)
{
    mode_t mode = 0;
    bool now;
    int fd = -1;

    if ((flags & O_CREAT) != 0) {
        va_list ap;

        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    if (!enter((flags & O_CREAT) != 0 ? "create" : "openat", dir, name, &now))
        return real.openat(dir, name, flags, mode);
    if (!fails(now)) {
        fd = real.openat(dir, name, flags, mode);
        if (fd >= 0 && (flags & O_CREAT) != 0)
            power_after_create(dir, name);
    }
    done(now);
    return fd;
}

ssize_t pread(int fd, void *to, size_t len, off_t offset)
{
    bool now;
    ssize_t n = -1;

    if (!enter("pread", fd, NULL, &now))
        return real.pread(fd, to, len, offset);
    if (!fails(now))
        n = real.pread(fd, to, strcmp(what, "short") == 0 && len > 1 ? len / 2 : len, offset);
    done(now);
    return n;
}

/* What _FORTIFY_SOURCE makes of it. */
ssize_t __pread_chk(int fd, void *to, size_t len, off_t offset, size_t room);

ssize_t __pread_chk(int fd, void *to, size_t len, off_t offset, size_t room)
{
    if (len > room)
        abort();
    return pread(fd, to, len, offset);
}

ssize_t pwrite(int fd, const void *from, size_t len, off_t offset)
{
    bool now;
    ssize_t n = -1;

    if (!enter("pwrite", fd, NULL, &now))
        return real.pwrite(fd, from, len, offset);
    if (!fails(now)) {
        power_before_write(fd, len, offset);
        n = real.pwrite(fd, from, is_partial(now) && len > 1 ? len / 2 : len, offset);
    }
    done(now);
    return n;
}

ssize_t write(int fd, const void *from, size_t len)
{
    bool now;
    ssize_t n = -1;

    if (!enter("write", fd, NULL, &now))
        return real.write(fd, from, len);
    if (!fails(now)) {
        power_before_write(fd, len, lseek(fd, 0, SEEK_CUR));
        n = real.write(fd, from, is_partial(now) && len > 1 ? len / 2 : len);
    }
    done(now);
    return n;
}

ssize_t copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t len, unsigned flags)
{
    bool now;
    ssize_t n = -1;

    if (!enter("copy_file_range", out, NULL, &now))
        return real.copy_file_range(in, in_at, out, out_at, len, flags);
    if (!fails(now)) {
        power_before_write(out, 0, *out_at);
        n = real.copy_file_range(in, in_at, out, out_at, is_partial(now) && len > 1 ? len / 2 : len,
                                 flags);
    }
    done(now);
    return n;
}

int ftruncate(int fd, off_t len)
{
    bool now;
    int r = -1;

    if (!enter("ftruncate", fd, NULL, &now))
        return real.ftruncate(fd, len);
    if (!fails(now)) {
        power_before_write(fd, 0, len);
        r = real.ftruncate(fd, len);
    }
    done(now);
    return r;
}

int fsync(int fd)
{
    bool now;
    int r = -1;

    if (!enter("fsync", fd, NULL, &now))
        return real.fsync(fd);
    if (!fails(now)) {
        r = 0; /* what would be lost is ours to say, and the disk has no part in it */
        power_synced(fd);
    }
    done(now);
    return r;
}

int unlinkat(int dir, const char *name, int flags)
{
    bool now;
    int r = -1;

    if (!enter("unlinkat", dir, name, &now))
        return real.unlinkat(dir, name, flags);
    if (!fails(now)) {
        power_before_unlink(dir, name);
        r = real.unlinkat(dir, name, flags);
    }
    done(now);
    return r;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    bool now;
    int r = -1;

    if (!enter("renameat", from_dir, from, &now))
        return real.renameat(from_dir, from, to_dir, to);
    if (!fails(now)) {
        power_before_rename(to_dir, from, to);
        r = real.renameat(from_dir, from, to_dir, to);
    }
    done(now);
    return r;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    bool now;
    int r = -1;

    if (!enter("renameat2", from_dir, from, &now))
        return real.renameat2(from_dir, from, to_dir, to, flags);
    if (!fails(now)) {
        if ((flags & RENAME_EXCHANGE) != 0)
            power_before_exchange(to_dir, from, to);
        else
            power_before_rename(to_dir, from, to);
        r = real.renameat2(from_dir, from, to_dir, to, flags);
    }
    done(now);
    return r;
}

int symlinkat(const char *target, int dir, const char *name)
{
    bool now;
    int r = -1;

    if (!enter("symlinkat", dir, name, &now))
        return real.symlinkat(target, dir, name);
    if (!fails(now)) {
        r = real.symlinkat(target, dir, name);
        if (r == 0)
            power_after_create(dir, name);
    }
    done(now);
    return r;
}
