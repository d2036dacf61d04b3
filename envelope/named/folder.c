/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/safe_file.h"

#define AT_ONCE 64u

ENV_RESULT env_key_folder_open(const struct env_errors *errors, const char *path, int *folder,
                               struct stat *st)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *why;

    *folder = -1;
    if (fd < 0)
        return ENV_RAISE(errors, ENV_R_KEYS_FOLDER, "keys-directory %s: %s", path, strerror(errno));
    why = fstat(fd, st) == 0 ? env_folder_unsafe(fd, st) : strerror(errno);
    if (why != NULL) {
        (void)close(fd);
        return ENV_RAISE(errors, ENV_R_KEYS_FOLDER, "keys-directory %s: %s", path, why);
    }
    *folder = fd;
    return ENV_OK;
}

static bool add(struct env_key_names *names, size_t *room, const struct env_key_name *name)
{
    if (names->count == *room) {
        size_t more = *room + AT_ONCE + *room / 2;
        struct env_key_name *moved = OPENSSL_realloc(names->names, more * sizeof(*moved));

        if (moved == NULL)
            return false;
        names->names = moved;
        *room = more;
    }
    names->names[names->count++] = *name;
    return true;
}

static int in_order(const void *va, const void *vb)
{
    const struct env_key_name *a = va;
    const struct env_key_name *b = vb;
    int order = strcmp(a->name, b->name);

    if (order != 0)
        return order;
    return (a->number > b->number) - (a->number < b->number);
}

/* Called for each name in a folder. */
typedef ENV_RESULT take_entry_fn(void *arg, const char *entry);

static ENV_RESULT read_entries(const struct env_errors *errors, const char *path, DIR *dir,
                               take_entry_fn *take, void *arg)
{
    for (;;) {
        const struct dirent *entry;

        errno = 0;
        entry = readdir(dir); /* NOLINT(concurrency-mt-unsafe): the stream is this thread's own */
        if (entry == NULL)
            break;
        ENV_TRY(take(arg, entry->d_name));
    }
    if (errno != 0)
        return ENV_RAISE(errors, ENV_R_KEYS_FOLDER, "keys-directory %s: %s", path, strerror(errno));
    return ENV_OK;
}

static ENV_RESULT walk(const struct env_errors *errors, const char *path, int folder,
                       take_entry_fn *take, void *arg)
{
    /* a separate descriptor: closedir closes it, and the position belongs to it */
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    int error = errno;
    ENV_RESULT r;

    if (dir == NULL) {
        if (fd >= 0)
            (void)close(fd);
        if (error == ENOMEM)
            return ENV_FAIL(ENV_R_NO_MEMORY);
        return ENV_RAISE(errors, ENV_R_KEYS_FOLDER, "keys-directory %s: %s", path, strerror(error));
    }
    r = read_entries(errors, path, dir, take, arg);
    (void)closedir(dir);
    return r;
}

/* ---- keys ---- */

struct listing {
    const struct env_errors *errors;
    const char *path;
    struct env_key_names *out;
    size_t room;
};

/* Names of another form are not ours, nor are those that begin with a dot. */
static ENV_RESULT take_key(void *arg, const char *entry)
{
    struct listing *listing = arg;
    struct env_key_name name = {0};

    if (!env_named_file_name_read(entry, name.name, &name.number))
        return ENV_OK;
    if (listing->out->count == ENV_KEY_NAMES_MAX)
        return ENV_RAISE(listing->errors, ENV_R_KEYS_FOLDER, "keys-directory %s: more than %u keys",
                         listing->path, ENV_KEY_NAMES_MAX);
    return add(listing->out, &listing->room, &name) ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

ENV_RESULT env_key_folder_list(const struct env_errors *errors, const char *path, int folder,
                               struct env_key_names *out)
{
    struct listing listing = {errors, path, out, 0};

    *out = (struct env_key_names){0};
    ENV_TRY(walk(errors, path, folder, take_key, &listing));
    if (out->count > 0)
        qsort(out->names, out->count, sizeof(*out->names), in_order);
    return ENV_OK;
}

void env_key_names_clear(struct env_key_names *names)
{
    OPENSSL_free(names->names);
    *names = (struct env_key_names){0};
}

/* ---- numbers ---- */

struct counting {
    const char *name;
    uint32_t *last;
};

static ENV_RESULT take_number(void *arg, const char *entry)
{
    const struct counting *counting = arg;
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number = 0;

    if ((env_named_file_name_read(entry, name, &number) ||
         env_named_tombstone_name_read(entry, name, &number)) &&
        strcmp(name, counting->name) == 0 && number > *counting->last)
        *counting->last = number;
    return ENV_OK;
}

ENV_RESULT env_key_folder_last_number(const struct env_errors *errors, const char *path, int folder,
                                      const char *name, uint32_t *last)
{
    struct counting counting = {name, last};

    *last = 0;
    return walk(errors, path, folder, take_number, &counting);
}
