/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/base/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "credential:"

bool env_credential_is(const char *source)
{
    return strncmp(source, PREFIX, strlen(PREFIX)) == 0;
}

const char *env_credential_path(const char *source, char path[PATH_MAX])
{
    const char *name = source + strlen(PREFIX);
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
    int len;

    /* systemd allows no other names */
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return "that is no name of a credential";
    if (folder == NULL || folder[0] != '/')
        return "CREDENTIALS_DIRECTORY is not set: LoadCredential= of the service's unit sets it";
    len = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return len > 0 && len < PATH_MAX ? NULL : "its path is too long";
}
