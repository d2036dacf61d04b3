/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended attributes of a file.
 *
 *     xattr set FILE NAME VALUE
 *     xattr get FILE NAME        writes the value, or nothing if there is none
 */
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

int main(int argc, char **argv)
{
    char value[1000];
    ssize_t len;

    if (argc == 5 && strcmp(argv[1], "set") == 0) {
        if (setxattr(argv[2], argv[3], argv[4], strlen(argv[4]), 0) == 0)
            return 0;
    } else if (argc == 4 && strcmp(argv[1], "get") == 0) {
        len = getxattr(argv[2], argv[3], value, sizeof(value));
        return len < 0 || fwrite(value, 1, (size_t)len, stdout) == (size_t)len ? 0 : 1;
    }
    perror("xattr");
    return 1;
}
