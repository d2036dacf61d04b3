/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include <string.h>

struct bytes hex_read(const char *hex)
{
    struct bytes bytes = bytes_new(strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2);

    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte = 0;

        ck_demand(sscanf(hex + 2 * i, "%2x", &byte) == 1, "no hexadecimal digits: %s", hex + 2 * i);
        bytes.data[i] = (unsigned char)byte;
    }
    return bytes;
}

FILE *vectors_open(const char *path)
{
    char name[512];
    FILE *file;

    (void)snprintf(name, sizeof(name), "%s/%s", TEST_VECTORS, path);
    file = fopen(name, "r");
    ck_demand(file != NULL, "%s", name);
    return file;
}
