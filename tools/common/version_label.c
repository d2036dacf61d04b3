/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/version_label.h"

#include <string.h>

#include "keymgmt/token/versions.h"

bool tool_version_label(const char *label, size_t *name_len, uint32_t *number)
{
    const char *slash = strrchr(label, '/');

    if (slash == NULL || slash == label)
        return false;
    *name_len = (size_t)(slash - label);
    return env_version_read(label, strlen(label), label, *name_len + 1, number);
}

bool tool_version_is_older(const char *label, const char *than)
{
    size_t len;
    size_t than_len;
    uint32_t number;
    uint32_t than_number;

    return tool_version_label(label, &len, &number) &&
           tool_version_label(than, &than_len, &than_number) && len == than_len &&
           memcmp(label, than, len) == 0 && number < than_number;
}
