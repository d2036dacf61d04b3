/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/pin_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/safe_file.h"

int env_pin_folder_open(const char *path, const char **why)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    *why = NULL;
    if (fd < 0 || fstat(fd, &st) != 0)
        *why = strerrordesc_np(errno);
    else if (st.st_uid != geteuid())
        *why = "it belongs to another user";
    else
        *why = env_file_unsafe(fd, &st);
    if (*why == NULL && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        *why = strerrordesc_np(errno);
    if (*why == NULL)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

const char *env_pin_folder_unusable(const char *path)
{
    const char *why;
    int fd = env_pin_folder_open(path, &why);

    if (fd >= 0)
        (void)close(fd);
    return why;
}
