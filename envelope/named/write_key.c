/* SPDX-License-Identifier: Apache-2.0 */
/* Puts key files into their folder atomically. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/named/key_file.h"

#define USUAL_MODE 0644u           /* the content is sealed; the process's umask applies */
#define NEW_SUFFIX ".envelope-new" /* as for other changes of files: tools/common/sidecar.h */
#define NEW_NAME (ENV_NAMED_TOMBSTONE_NAME + sizeof(NEW_SUFFIX) + 1)

struct writing {
    const struct env_errors *errors;
    int folder;
    char name[ENV_NAMED_TOMBSTONE_NAME]; /* has room for a key file's name as well */
    char new_name[NEW_NAME];
    char tombstone[ENV_NAMED_TOMBSTONE_NAME];
    int fd;
};

static ENV_RESULT failed(const struct writing *w, const char *what)
{
    return ENV_RAISE(w->errors, ENV_R_FILE_FAILED, "%s: %s: %s", w->name, what, strerror(errno));
}

static ENV_RESULT write_all(const struct writing *w, struct env_span bytes)
{
    size_t done = 0;

    while (done < bytes.len) {
        ssize_t n = TEMP_FAILURE_RETRY(write(w->fd, bytes.data + done, bytes.len - done));

        if (n < 0)
            return failed(w, "writing to it");
        done += (size_t)n;
    }
    return ENV_OK;
}

/* Whoever may read the old file may read the new one; nobody else may write to it. */
static ENV_RESULT take_attributes(const struct writing *w)
{
    struct stat old;
    struct stat own;

    if (fstatat(w->folder, w->name, &old, 0) != 0)
        return failed(w, "looking at it");
    if (fstat(w->fd, &own) != 0 ||
        ((own.st_uid != old.st_uid || own.st_gid != old.st_gid) &&
         fchown(w->fd, old.st_uid, old.st_gid) != 0) ||
        fchmod(w->fd, old.st_mode & 0755) != 0)
        return failed(w, "setting the owner and mode of its new file");
    return ENV_OK;
}

static ENV_RESULT put_in_place(const struct writing *w, bool replace)
{
    unsigned flags = replace ? 0 : RENAME_NOREPLACE;

    if (renameat2(w->folder, w->new_name, w->folder, w->name, flags) == 0)
        return ENV_OK;
    if (!replace && errno == EEXIST)
        return ENV_RAISE(w->errors, ENV_R_KEY_EXISTS, "%s", w->name);
    /* the file system cannot do that: make a hard link, and remove the first name */
    if (replace || errno != EINVAL)
        return failed(w, "renaming its new file");
    if (linkat(w->folder, w->new_name, w->folder, w->name, 0) != 0)
        return errno == EEXIST ? ENV_RAISE(w->errors, ENV_R_KEY_EXISTS, "%s", w->name)
                               : failed(w, "renaming its new file");
    (void)unlinkat(w->folder, w->new_name, 0);
    return ENV_OK;
}

static ENV_RESULT write_new(struct writing *w, struct env_span bytes, bool replace)
{
    ENV_TRY(write_all(w, bytes));
    if (replace)
        ENV_TRY(take_attributes(w));
    if (TEMP_FAILURE_RETRY(fsync(w->fd)) != 0)
        return failed(w, "syncing its new file");
    ENV_TRY(put_in_place(w, replace));
    if (TEMP_FAILURE_RETRY(fsync(w->folder)) != 0 && errno != EINVAL)
        return failed(w, "syncing its folder");
    return ENV_OK;
}

/* With the lock nobody else is writing: a file with the new name was left by a killed process. */
static ENV_RESULT write_locked(struct writing *w, struct env_span bytes, bool replace)
{
    struct stat st;
    ENV_RESULT r;

    if (!replace && fstatat(w->folder, w->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return ENV_RAISE(w->errors, ENV_R_KEY_EXISTS, "%s", w->name);
    if (!replace && fstatat(w->folder, w->tombstone, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return ENV_RAISE(w->errors, ENV_R_KEY_NUMBER_USED, "%s", w->tombstone);
    if (unlinkat(w->folder, w->new_name, 0) != 0 && errno != ENOENT)
        return failed(w, "removing a file left beside it");
    w->fd = openat(w->folder, w->new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                   USUAL_MODE);
    if (w->fd < 0)
        return failed(w, "making its new file");
    r = write_new(w, bytes, replace);
    (void)close(w->fd);
    if (!env_ok(r))
        (void)unlinkat(w->folder, w->new_name, 0);
    return r;
}

ENV_RESULT env_key_file_write(const struct env_errors *errors, int folder, const char *name,
                              uint32_t number, struct env_span bytes, bool replace)
{
    struct writing w = {.errors = errors, .folder = folder, .fd = -1};
    ENV_RESULT r;

    env_named_file_name(name, number, w.name);
    env_named_tombstone_name(name, number, w.tombstone);
    (void)snprintf(w.new_name, sizeof(w.new_name), ".%s" NEW_SUFFIX, w.name);
    if (TEMP_FAILURE_RETRY(flock(folder, LOCK_EX)) != 0)
        return failed(&w, "locking its folder");
    r = write_locked(&w, bytes, replace);
    (void)flock(folder, LOCK_UN);
    return r;
}

/* ---- tombstones ---- */

/*
 * Only its name matters. The text is for people, and keeps the file from looking like a truncated
 * message.
 */
static ENV_RESULT fill_tombstone(const struct writing *w, const char *full_name)
{
    char text[ENV_NAMED_FULL_NAME + 80];
    int len =
        snprintf(text, sizeof(text),
                 "%s was destroyed. Keep this file: its number is not used again.\n", full_name);

    ENV_TRY(write_all(w, (struct env_span){(const uint8_t *)text, (size_t)len}));
    if (TEMP_FAILURE_RETRY(fsync(w->fd)) != 0)
        return failed(w, "syncing it");
    if (TEMP_FAILURE_RETRY(fsync(w->folder)) != 0 && errno != EINVAL)
        return failed(w, "syncing its folder");
    return ENV_OK;
}

ENV_RESULT env_key_tombstone_write(const struct env_errors *errors, int folder, const char *name,
                                   uint32_t number)
{
    struct writing w = {.errors = errors, .folder = folder};
    char full_name[ENV_NAMED_FULL_NAME];
    ENV_RESULT r;

    env_named_full_name(name, number, full_name);
    env_named_tombstone_name(name, number, w.name);
    w.fd = openat(folder, w.name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, USUAL_MODE);
    if (w.fd < 0)
        return failed(&w, "making it");
    r = fill_tombstone(&w, full_name);
    (void)close(w.fd);
    return r;
}
