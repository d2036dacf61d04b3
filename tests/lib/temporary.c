/* SPDX-License-Identifier: Apache-2.0 */
#include "temporary.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void name(char path[TEMPORARY_PATH])
{
    const char *tmp = getenv("TMPDIR");

    ck_assert_int_lt(
        snprintf(path, TEMPORARY_PATH, "%s/envelope-test.XXXXXX", tmp != NULL ? tmp : "/tmp"),
        TEMPORARY_PATH);
}

int temporary_file(char path[TEMPORARY_PATH])
{
    int fd;

    name(path);
    fd = mkostemp(path, O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return fd;
}

int temporary_nameless_file(void)
{
    char path[TEMPORARY_PATH];
    int fd = temporary_file(path);

    ck_assert_int_eq(unlink(path), 0);
    return fd;
}

void temporary_directory(char path[TEMPORARY_PATH])
{
    name(path);
    ck_assert_ptr_nonnull(mkdtemp(path));
}
