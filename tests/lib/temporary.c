/* SPDX-License-Identifier: Apache-2.0 */
#include "temporary.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LEAST_KIB 64

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

void temporary_close(FILE *file, const char *path)
{
    ck_assert_msg(fclose(file) == 0, "%s: %s; %s", path, strerror(errno), temporary_room(path));
}

static unsigned long long kib_free(const char *path)
{
    struct statvfs disk;

    ck_assert_int_eq(statvfs(path, &disk), 0);
    return (unsigned long long)disk.f_bavail * disk.f_frsize / 1024;
}

const char *temporary_room(const char *path)
{
    static char text[64];

    (void)snprintf(text, sizeof(text), "%llu KiB are free there", kib_free(path));
    return text;
}

void temporary_has_room(const char *path)
{
    ck_assert_msg(kib_free(path) >= LEAST_KIB, "%s: the disk is full: %s", path,
                  temporary_room(path));
}
