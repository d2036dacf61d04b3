/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/output_name.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static ENV_RESULT without_suffix(const struct env_errors *errors, const char *path,
                                 const char *suffix, char name[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t base_len = strlen(base);
    size_t suffix_len = strlen(suffix);

    if (base_len <= suffix_len || strcmp(base + base_len - suffix_len, suffix) != 0)
        return ENV_RAISE(errors, ENV_R_OUTPUT_UNNAMED, "the name does not end with %s", suffix);
    (void)snprintf(name, PATH_MAX, "%.*s", (int)(strlen(path) - suffix_len), path);
    return ENV_OK;
}

ENV_RESULT tool_output_name(const struct env_errors *errors, const char *path, const char *suffix,
                            bool sealing, char name[PATH_MAX])
{
    struct stat st;

    if (strlen(path) + strlen(suffix) >= PATH_MAX)
        return ENV_RAISE(errors, ENV_R_OUTPUT_UNNAMED, "the name would be too long");
    /* (a missing file and a directory have their own errors) */
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return ENV_RAISE(errors, ENV_R_OUTPUT_UNNAMED, "the input is a pipe or a device");
    if (!sealing)
        return without_suffix(errors, path, suffix, name);
    (void)snprintf(name, PATH_MAX, "%s%s", path, suffix);
    return ENV_OK;
}
