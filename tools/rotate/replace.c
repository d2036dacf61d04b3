/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/rotate/copy_attributes.h"
#include "tools/rotate/copy_rest.h"

ENV_RESULT tool_replacement_clean_up(const struct tool_target *target, bool *removed)
{
    char name[NAME_MAX + 1];
    struct stat st;

    *removed = false;
    ENV_TRY(tool_leftover_name(target, TOOL_LEFTOVER_NEW, name));
    if (fstatat(target->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ENV_OK : tool_target_failed(target, "stat of what is beside it");
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
        (st.st_uid != geteuid() && st.st_uid != target->seen.st_uid))
        return ENV_RAISE(target->errors, ENV_R_FILE_UNSAFE,
                         "what stands under the name of its new file is none");
    return tool_leftover_remove(target, TOOL_LEFTOVER_NEW, removed);
}

ENV_RESULT tool_replacement_allowed(const struct tool_target *target)
{
    if (target->seen.st_nlink == 1)
        return ENV_OK;
    return ENV_RAISE(target->errors, ENV_R_FILE_UNSAFE,
                     "it has %lu names (hard links), and a new file would have one",
                     (unsigned long)target->seen.st_nlink);
}

ENV_RESULT tool_replacement_begin(const struct tool_target *target,
                                  struct tool_replacement *replacement)
{
    ENV_RESULT r;

    replacement->target = target;
    replacement->fd = -1;
    replacement->written = 0;
    ENV_TRY(tool_replacement_allowed(target));
    ENV_TRY(tool_leftover_name(target, TOOL_LEFTOVER_NEW, replacement->name));
    replacement->fd = tool_target_open_beside(target, replacement->name, O_RDWR | O_CREAT | O_EXCL);
    if (replacement->fd < 0)
        return tool_target_failed(target, "making a new file beside it");
    r = tool_copy_owner(target, replacement->fd);
    if (!env_ok(r))
        tool_replacement_end(replacement);
    return r;
}

ENV_RESULT tool_replacement_append(struct tool_replacement *replacement, struct env_span bytes)
{
    ENV_TRY(tool_target_write(replacement->target, replacement->fd, replacement->written, bytes));
    replacement->written += (off_t)bytes.len;
    return ENV_OK;
}

ENV_RESULT tool_replacement_append_rest(struct tool_replacement *replacement, off_t from)
{
    const struct tool_target *target = replacement->target;

    ENV_TRY(tool_copy_rest(target, from, replacement->fd, replacement->written));
    replacement->written += target->seen.st_size - from;
    return ENV_OK;
}

/* The new file as it is to be, on the disk; the last moment at which nothing has happened. */
static ENV_RESULT complete(const struct tool_replacement *replacement)
{
    const struct tool_target *target = replacement->target;
    const struct timespec times[2] = {target->seen.st_atim, target->seen.st_mtim};

    ENV_TRY(tool_copy_attributes(target, replacement->fd));
    if (replacement->written != target->seen.st_size && futimens(replacement->fd, times) != 0)
        return tool_target_failed(target, "setting the times of its new file");
    ENV_TRY(tool_target_sync(target, replacement->fd));
    return tool_target_unchanged(target);
}

ENV_RESULT tool_replacement_commit(struct tool_replacement *replacement)
{
    const struct tool_target *target = replacement->target;
    int renamed;

    ENV_TRY(complete(replacement));
    do
        renamed = renameat(target->dir, replacement->name, target->dir, target->name);
    while (renamed != 0 && errno == EINTR);
    if (renamed != 0)
        return tool_target_failed(target, "rename of its new file");
    replacement->name[0] = '\0';
    return tool_target_sync_dir(target);
}

void tool_replacement_end(struct tool_replacement *replacement)
{
    bool removed;

    if (replacement->fd < 0)
        return;
    (void)close(replacement->fd);
    replacement->fd = -1;
    if (replacement->name[0] != '\0')
        (void)tool_leftover_remove(replacement->target, TOOL_LEFTOVER_NEW, &removed);
}
