/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/sidecar.h"

#define TRIES 16u /* at giving a newer file its name back while newer ones keep coming */
#define RECORD_MAX 256u

/* ---- identifying a file across runs ---- */

struct mark {
    uintmax_t ino;
    intmax_t size;
    intmax_t seconds;
    long nanoseconds;
};

static struct mark mark_of(const struct stat *st)
{
    return (struct mark){st->st_ino, st->st_size, st->st_mtim.tv_sec, st->st_mtim.tv_nsec};
}

static bool same(const struct mark *a, const struct mark *b)
{
    return a->ino == b->ino && a->size == b->size && a->seconds == b->seconds &&
           a->nanoseconds == b->nanoseconds;
}

/* False: no file has the name, or it cannot be read. */
static bool look_at(const struct tool_locked_file *locked, const char *name, struct mark *mark)
{
    struct stat st;

    if (fstatat(locked->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *mark = mark_of(&st);
    return true;
}

/* ---- the record ---- */

#define MARK_WRITTEN "%" PRIuMAX ".%" PRIdMAX ".%" PRIdMAX ".%ld"
#define MARK_READ "%" SCNuMAX ".%" SCNdMAX ".%" SCNdMAX ".%ld"

static void write_record(char text[RECORD_MAX], const struct mark *new_file,
                         const struct mark *old_file)
{
    (void)snprintf(text, RECORD_MAX, "envelope-exchange/" MARK_WRITTEN "/" MARK_WRITTEN,
                   new_file->ino, new_file->size, new_file->seconds, new_file->nanoseconds,
                   old_file->ino, old_file->size, old_file->seconds, old_file->nanoseconds);
}

/* What was read must be the same when written again. */
static bool read_record(const char *text, struct mark *new_file, struct mark *old_file)
{
    char again[RECORD_MAX];

    /* NOLINTNEXTLINE(cert-err34-c): an overflow would not be written back as the same text */
    if (sscanf(text, "envelope-exchange/" MARK_READ "/" MARK_READ, &new_file->ino, &new_file->size,
               &new_file->seconds, &new_file->nanoseconds, &old_file->ino, &old_file->size,
               &old_file->seconds, &old_file->nanoseconds) != 8)
        return false;
    write_record(again, new_file, old_file);
    return strcmp(again, text) == 0;
}

static ENV_RESULT make_record(const struct tool_locked_file *locked, const struct mark *new_file,
                              const struct mark *old_file, bool *made)
{
    char name[NAME_MAX + 1];
    char text[RECORD_MAX];

    *made = false;
    ENV_TRY(tool_sidecar_name(locked, TOOL_SIDECAR_EXCHANGE, name));
    write_record(text, new_file, old_file);
    if (TEMP_FAILURE_RETRY(symlinkat(text, locked->dir, name)) == 0) {
        *made = true;
        return tool_locked_file_sync_dir(locked);
    }
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
        return ENV_OK; /* the file system has no symbolic links */
    return tool_locked_file_failed(locked, "making its exchange record");
}

static ENV_RESULT remove_record(const struct tool_locked_file *locked)
{
    bool removed;

    return tool_sidecar_remove(locked, TOOL_SIDECAR_EXCHANGE, &removed);
}

/* ---- the exchange ---- */

static int exchange(const struct tool_locked_file *locked, const char *name)
{
    return (int)TEMP_FAILURE_RETRY(
        renameat2(locked->dir, name, locked->dir, locked->name, RENAME_EXCHANGE));
}

static ENV_RESULT rename_over(const struct tool_locked_file *locked, const char *name)
{
    if (TEMP_FAILURE_RETRY(renameat(locked->dir, name, locked->dir, locked->name)) != 0)
        return tool_locked_file_failed(locked, "rename of its new file");
    return tool_locked_file_sync_dir(locked);
}

static ENV_RESULT is_elsewhere(const struct tool_locked_file *locked, const char *name)
{
    return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE,
                     "another program puts files there: its file is now '%s'", name);
}

/* Another run may have replaced it under the same name meanwhile. */
static void remove_if(const struct tool_locked_file *locked, const char *name,
                      const struct mark *mark)
{
    struct mark now;

    if (look_at(locked, name, &now) && same(&now, mark))
        (void)unlinkat(locked->dir, name, 0);
}

/*
 * The file that now has our temporary name is newer than the one that we put in its place. It gets
 * its name back, unless a still newer one has taken the name meanwhile: then that does. The file
 * that is left over at the end was replaced by someone's newer one, or is ours.
 */
static ENV_RESULT give_back(const struct tool_locked_file *locked, const char *name,
                            struct mark ours, bool *name_is_free)
{
    struct mark put = ours;

    for (unsigned i = 0; i < TRIES; i++) {
        struct mark newer;
        struct mark out;

        if (!look_at(locked, name, &newer) || exchange(locked, name) != 0 ||
            !look_at(locked, name, &out))
            return is_elsewhere(locked, name);
        if (same(&out, &put)) {
            ENV_TRY(tool_locked_file_sync_dir(locked));
            *name_is_free = true;
            remove_if(locked, name, &out);
            return ENV_FAIL(ENV_R_FILE_CHANGED);
        }
        put = newer;
    }
    return is_elsewhere(locked, name);
}

static ENV_RESULT exchange_and_look(const struct tool_locked_file *locked, const char *name,
                                    const struct mark *ours, const struct mark *old_file,
                                    bool *name_is_free)
{
    struct mark out;
    ENV_RESULT r;

    if (exchange(locked, name) != 0) {
        if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
            r = rename_over(locked, name);
        else if (errno == ENOENT) /* it was removed, and stays removed */
            r = ENV_FAIL(ENV_R_FILE_CHANGED);
        else
            r = tool_locked_file_failed(locked, "exchange with its new file");
        return r;
    }
    *name_is_free = false;
    if (!look_at(locked, name, &out) || !same(&out, old_file))
        return give_back(locked, name, *ours, name_is_free);
    r = tool_locked_file_sync_dir(locked);
    if (!env_ok(r)) { /* it may not be on the disk: undo the exchange */
        *name_is_free =
            exchange(locked, name) == 0 && look_at(locked, name, &out) && same(&out, ours);
        return r;
    }
    *name_is_free = true;
    return ENV_OK;
}

ENV_RESULT tool_exchange(const struct tool_locked_file *locked, int fd, const char *name,
                         bool *name_is_free)
{
    const struct mark old_file = mark_of(&locked->seen);
    struct mark ours;
    struct stat st;
    bool recorded;
    bool removed;
    ENV_RESULT r;

    *name_is_free = true;
    if (fstat(fd, &st) != 0)
        return tool_locked_file_failed(locked, "stat of its new file");
    ours = mark_of(&st);
    r = make_record(locked, &ours, &old_file, &recorded);
    if (!recorded)
        return env_ok(r) ? rename_over(locked, name) : r;
    if (env_ok(r))
        r = exchange_and_look(locked, name, &ours, &old_file, name_is_free);
    if (!*name_is_free) /* the record guides the next run */
        return r;
    if (env_ok(r) && TEMP_FAILURE_RETRY(unlinkat(locked->dir, name, 0)) != 0 && errno != ENOENT)
        r = tool_locked_file_failed(locked, "removal of the old file");
    if (env_ok(r))
        return remove_record(locked);
    (void)tool_sidecar_remove(locked, TOOL_SIDECAR_EXCHANGE, &removed);
    return r;
}

/* ---- recovery ---- */

static ENV_RESULT find_record(const struct tool_locked_file *locked, const char *name, char *text,
                              bool *found)
{
    struct stat st;
    ssize_t len;

    *found = false;
    if (fstatat(locked->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ENV_OK
                               : tool_locked_file_failed(locked, "stat of the file beside it");
    *found = true;
    len = S_ISLNK(st.st_mode) ? readlinkat(locked->dir, name, text, RECORD_MAX - 1) : 0;
    if (len <= 0 || (st.st_uid != geteuid() && st.st_uid != locked->seen.st_uid))
        return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE,
                         "the file that has the name of its exchange record is not one");
    text[len] = '\0';
    return ENV_OK;
}

static ENV_RESULT is_unclear(const struct tool_locked_file *locked, const char *name)
{
    return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE,
                     "an interrupted run left '%s' beside it, which may be the newer file: keep "
                     "the right one, and remove the other and the exchange record",
                     name);
}

ENV_RESULT tool_exchange_recover(const struct tool_locked_file *locked, bool *recovered)
{
    const struct mark here = mark_of(&locked->seen);
    char record[NAME_MAX + 1];
    char name[NAME_MAX + 1];
    char text[RECORD_MAX];
    struct mark ours;
    struct mark old_file;
    struct mark beside;
    bool name_is_free = false;
    ENV_RESULT r = ENV_OK;

    ENV_TRY(tool_sidecar_name(locked, TOOL_SIDECAR_EXCHANGE, record));
    ENV_TRY(tool_sidecar_name(locked, TOOL_SIDECAR_NEW, name));
    ENV_TRY(find_record(locked, record, text, recovered));
    if (!*recovered)
        return ENV_OK;
    if (look_at(locked, name, &beside)) {
        if (!read_record(text, &ours, &old_file))
            return is_unclear(locked, name);
        if (!same(&beside, &old_file) && !same(&beside, &ours)) {
            if (!same(&here, &ours))
                return is_unclear(locked, name);
            r = give_back(locked, name, ours, &name_is_free);
            if (!name_is_free)
                return r;
        }
    }
    ENV_TRY(tool_locked_file_sync_dir(locked)); /* the interrupted run may not have synced */
    ENV_TRY(remove_record(locked));
    return r;
}
