/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/files/size_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool tool_size_read(const char *text, uint64_t *size)
{
    static const char units[] = "KMGT";
    unsigned long long value;
    unsigned shift = 0;
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno != 0)
        return false;
    if (*end != '\0') {
        const char *unit = strchr(units, *end);

        if (unit == NULL || end[1] != '\0')
            return false;
        shift = 10 * ((unsigned)(unit - units) + 1);
    }
    if (value > UINT64_MAX >> shift)
        return false;
    *size = (uint64_t)value << shift;
    return true;
}
