/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/keep.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/errors.h"
#include "tools/rotate/copy_attributes.h"

static ENV_RESULT set_mode(const struct tool_locked_file *file, int fd, mode_t mode)
{
    return fchmod(fd, mode) == 0
               ? ENV_OK
               : tool_locked_file_failed(file, "setting the mode of its new file");
}

static ENV_RESULT like_any_new_file(const struct tool_locked_file *file, int fd)
{
    mode_t mask = umask(077);

    (void)umask(mask);
    return set_mode(file, fd, 0666 & ~mask);
}

/*
 * Sets *group if the group was kept. The owner may differ then, and gets no more access than
 * before.
 */
static ENV_RESULT keep_owner(const struct tool_locked_file *file, int fd, bool *group)
{
    const struct stat *seen = &file->seen;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return tool_locked_file_failed(file, "stat of its new file");
    *group = st.st_gid == seen->st_gid;
    if (*group && st.st_uid == seen->st_uid)
        return ENV_OK;
    if (fchown(fd, seen->st_uid, seen->st_gid) == 0 ||
        (!*group && errno == EPERM && fchown(fd, (uid_t)-1, seen->st_gid) == 0)) {
        *group = true;
        return ENV_OK;
    }
    return errno == EPERM ? ENV_OK
                          : tool_locked_file_failed(file, "setting the owner of its new file");
}

static ENV_RESULT keep_attributes(const struct tool_locked_file *file, int fd)
{
    struct tool_failure dropped;
    struct stat st;
    ENV_RESULT r = tool_copy_attributes(file, fd);

    if (r.reason != ENV_R_FILE_UNSAFE || fstat(fd, &st) != 0 || st.st_dev == file->seen.st_dev)
        return r;
    tool_failure_take(r, &dropped); /* the other file system does not support these attributes */
    return set_mode(file, fd, file->seen.st_mode & 0700);
}

ENV_RESULT tool_keep_of_input(const struct tool_input *input, int fd)
{
    struct tool_locked_file file = input->file;
    const struct timespec times[2] = {file.seen.st_atim, file.seen.st_mtim};
    bool group = false;

    if (!input->regular || input->standard)
        return like_any_new_file(&file, fd);
    ENV_TRY(keep_owner(&file, fd, &group));
    if (!group) {
        mode_t others = file.seen.st_mode & 0007;

        file.seen.st_mode &= ~(mode_t)0070 | (others << 3);
    }
    ENV_TRY(keep_attributes(&file, fd));
    if (futimens(fd, times) != 0)
        return tool_locked_file_failed(&file, "setting the times of its new file");
    return ENV_OK;
}
