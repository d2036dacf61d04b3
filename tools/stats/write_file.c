/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/stats/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Syncs the name too, or a crash could bring the old file back. */
static bool sync_folder(const char *path)
{
    char folder[PATH_MAX];
    char *slash;
    bool done;
    int fd;

    (void)snprintf(folder, sizeof(folder), "%s", path);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)snprintf(folder, sizeof(folder), ".");
    else
        slash[slash == folder ? 1 : 0] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES; /* a folder that may be written to but not read */
    done = fsync(fd) == 0;
    (void)close(fd);
    return done;
}

static bool fill(int fd, mode_t mode, void (*write)(FILE *out, const void *arg), const void *arg)
{
    FILE *out = fdopen(fd, "w");
    bool done;

    if (out == NULL) {
        (void)close(fd);
        return false;
    }
    write(out, arg);
    done = fflush(out) == 0 && ferror(out) == 0 && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    return fclose(out) == 0 && done;
}

bool tool_write_file(const char *path, mode_t mode, void (*write)(FILE *out, const void *arg),
                     const void *arg, char *why, size_t why_size)
{
    char name[PATH_MAX];
    int len = snprintf(name, sizeof(name), "%s.XXXXXX", path);
    int error = ENAMETOOLONG;
    int fd;

    if (len > 0 && (size_t)len < sizeof(name)) {
        fd = mkostemp(name, O_CLOEXEC);
        if (fd >= 0 && fill(fd, mode, write, arg) && rename(name, path) == 0 && sync_folder(path))
            return true;
        error = errno;
        if (fd >= 0)
            (void)unlink(name);
    }
    (void)snprintf(why, why_size, "%s: %s", path, strerrordesc_np(error));
    return false;
}
