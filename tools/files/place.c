/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "tools/files/byte_io.h"

ENV_RESULT tool_place_find(const struct env_errors *errors, const char *path, int *dir,
                           char name[NAME_MAX + 1])
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    char folder[PATH_MAX] = ".";

    *dir = -1;
    errno = ENAMETOOLONG;
    if (strlen(path) >= sizeof(folder) || strlen(base) > NAME_MAX)
        return tool_call_failed(errors, "open");
    (void)snprintf(name, NAME_MAX + 1, "%s", *base != '\0' ? base : ".");
    if (slash != NULL)
        (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
    *dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *dir >= 0 ? ENV_OK : tool_call_failed(errors, "opening the folder");
}
