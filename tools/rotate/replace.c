/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/rotate/copy_attributes.h"
#include "tools/rotate/copy_rest.h"
#include "tools/rotate/exchange.h"

ENV_RESULT tool_replacement_clean_up(const struct tool_locked_file *locked, bool *removed)
{
    char name[NAME_MAX + 1];
    struct stat st;

    *removed = false;
    ENV_TRY(tool_sidecar_name(locked, TOOL_SIDECAR_NEW, name));
    if (fstatat(locked->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ENV_OK
                               : tool_locked_file_failed(locked, "stat of the file beside it");
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
        (st.st_uid != geteuid() && st.st_uid != locked->seen.st_uid))
        return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE,
                         "the file that has its new file's name is not one of ours");
    return tool_sidecar_remove(locked, TOOL_SIDECAR_NEW, removed);
}

ENV_RESULT tool_replacement_allowed(const struct tool_locked_file *locked)
{
    if (locked->seen.st_nlink == 1)
        return ENV_OK;
    return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE,
                     "it has %lu names (hard links), and a new file would have one",
                     (unsigned long)locked->seen.st_nlink);
}

ENV_RESULT tool_replacement_begin(const struct tool_locked_file *locked,
                                  struct tool_replacement *replacement)
{
    ENV_RESULT r;

    replacement->locked = locked;
    replacement->fd = -1;
    replacement->written = 0;
    ENV_TRY(tool_replacement_allowed(locked));
    ENV_TRY(tool_sidecar_name(locked, TOOL_SIDECAR_NEW, replacement->name));
    replacement->fd =
        tool_locked_file_open_beside(locked, replacement->name, O_RDWR | O_CREAT | O_EXCL);
    if (replacement->fd < 0)
        return tool_locked_file_failed(locked, "making a new file beside it");
    /* after the exchange this is the file: nobody else may change it before we are done */
    r = tool_locked_file_lock(locked, replacement->fd);
    if (env_ok(r))
        r = tool_copy_owner(locked, replacement->fd);
    if (!env_ok(r))
        tool_replacement_end(replacement);
    return r;
}

ENV_RESULT tool_replacement_append(struct tool_replacement *replacement, struct env_span bytes)
{
    ENV_TRY(
        tool_locked_file_write(replacement->locked, replacement->fd, replacement->written, bytes));
    replacement->written += (off_t)bytes.len;
    return ENV_OK;
}

ENV_RESULT tool_replacement_append_rest(struct tool_replacement *replacement, off_t from)
{
    const struct tool_locked_file *locked = replacement->locked;

    ENV_TRY(tool_copy_rest(locked, from, replacement->fd, replacement->written));
    replacement->written += locked->seen.st_size - from;
    return ENV_OK;
}

/* Completes and syncs the new file; nothing has been changed until then. */
static ENV_RESULT complete(const struct tool_replacement *replacement)
{
    const struct tool_locked_file *locked = replacement->locked;
    const struct timespec times[2] = {locked->seen.st_atim, locked->seen.st_mtim};

    ENV_TRY(tool_copy_attributes(locked, replacement->fd));
    if (replacement->written != locked->seen.st_size && futimens(replacement->fd, times) != 0)
        return tool_locked_file_failed(locked, "setting the times of its new file");
    ENV_TRY(tool_locked_file_sync(locked, replacement->fd));
    return tool_locked_file_unchanged(locked);
}

ENV_RESULT tool_replacement_commit(struct tool_replacement *replacement)
{
    bool name_is_free = true;
    ENV_RESULT r;

    ENV_TRY(complete(replacement));
    r = tool_exchange(replacement->locked, replacement->fd, replacement->name, &name_is_free);
    if (env_ok(r) || !name_is_free)
        replacement->name[0] = '\0';
    return r;
}

/* Whether the name still belongs to this file: another run may have replaced it by its own. */
static bool has_name(const struct tool_replacement *replacement)
{
    struct stat own;
    struct stat named;

    return fstat(replacement->fd, &own) == 0 &&
           fstatat(replacement->locked->dir, replacement->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

void tool_replacement_end(struct tool_replacement *replacement)
{
    bool removed;

    if (replacement->fd < 0)
        return;
    if (replacement->name[0] != '\0' && has_name(replacement))
        (void)tool_sidecar_remove(replacement->locked, TOOL_SIDECAR_NEW, &removed);
    (void)close(replacement->fd);
    replacement->fd = -1;
}
