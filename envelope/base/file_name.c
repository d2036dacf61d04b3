/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/file_name.h"

#include <string.h>
#include <strings.h>

#define LOCALHOST "localhost"

bool env_file_name_is(const char *text)
{
    return strncmp(text, ENV_FILE_PREFIX, sizeof(ENV_FILE_PREFIX) - 1) == 0;
}

const char *env_file_name_path(const char *text)
{
    const char *path = text + sizeof(ENV_FILE_PREFIX) - 1;

    if (path[0] != '/' || path[1] != '/')
        return path;
    path += 2;
    if (strncasecmp(path, LOCALHOST "/", sizeof(LOCALHOST)) == 0)
        path += sizeof(LOCALHOST) - 1;
    return *path == '/' ? path : NULL;
}
