/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rotate/copy_attributes.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LIST_MAX 65536u  /* XATTR_LIST_MAX */
#define VALUE_MAX 65536u /* XATTR_SIZE_MAX */

ENV_RESULT tool_copy_owner(const struct tool_locked_file *locked, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return tool_locked_file_failed(locked, "stat of its new file");
    if (st.st_uid == locked->seen.st_uid && st.st_gid == locked->seen.st_gid)
        return ENV_OK;
    if (fchown(fd, locked->seen.st_uid, locked->seen.st_gid) == 0)
        return ENV_OK;
    if (errno != EPERM)
        return tool_locked_file_failed(locked, "setting the owner of its new file");
    return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE,
                     "a new file cannot be given its owner and group (%lu:%lu) by this user",
                     (unsigned long)locked->seen.st_uid, (unsigned long)locked->seen.st_gid);
}

static bool only_the_system_sets(const char *name)
{
    return strncmp(name, "security.", 9) == 0 || strncmp(name, "trusted.", 8) == 0;
}

static ENV_RESULT copy_one(const struct tool_locked_file *locked, int fd, const char *name,
                           uint8_t *value)
{
    ssize_t len = fgetxattr(locked->fd, name, value, VALUE_MAX);

    if (len < 0 && errno == ENODATA)
        return ENV_OK;
    if (len < 0)
        return tool_locked_file_failed(locked, name);
    if (fsetxattr(fd, name, value, (size_t)len, 0) == 0)
        return ENV_OK;
    if (only_the_system_sets(name) && (errno == EPERM || errno == EACCES || errno == EOPNOTSUPP))
        return ENV_OK;
    if (errno == ENOSPC || errno == EIO || errno == EDQUOT)
        return tool_locked_file_failed(locked, name);
    return ENV_RAISE(locked->errors, ENV_R_FILE_UNSAFE,
                     "a new file cannot be given its attribute %s", name);
}

/*
 * The new file may have inherited an access control list from the directory that the old one does
 * not have.
 */
static ENV_RESULT drop_inherited_acl(const struct tool_locked_file *locked, int fd)
{
    if (fremovexattr(fd, "system.posix_acl_access") != 0 && errno != ENODATA && errno != EOPNOTSUPP)
        return tool_locked_file_failed(locked, "removing an inherited access control list");
    return ENV_OK;
}

static ENV_RESULT copy_xattrs(const struct tool_locked_file *locked, int fd, char *names,
                              uint8_t *value)
{
    ssize_t len = flistxattr(locked->fd, names, LIST_MAX);

    if (len < 0 && errno == EOPNOTSUPP)
        return ENV_OK;
    if (len < 0)
        return tool_locked_file_failed(locked, "listing its attributes");
    for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1)
        ENV_TRY(copy_one(locked, fd, names + at, value));
    return ENV_OK;
}

ENV_RESULT tool_copy_attributes(const struct tool_locked_file *locked, int fd)
{
    char *names = OPENSSL_malloc(LIST_MAX);
    uint8_t *value = OPENSSL_malloc(VALUE_MAX);
    ENV_RESULT r = drop_inherited_acl(locked, fd);

    if (env_ok(r) && (names == NULL || value == NULL))
        r = ENV_FAIL(ENV_R_NO_MEMORY);
    if (env_ok(r))
        r = copy_xattrs(locked, fd, names, value);
    OPENSSL_free(names);
    OPENSSL_free(value);
    ENV_TRY(r);
    if (fchmod(fd, locked->seen.st_mode & 01777) != 0) /* new content gets no set-id bits */
        return tool_locked_file_failed(locked, "setting the mode of its new file");
    return ENV_OK;
}
