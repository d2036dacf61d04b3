/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the state file, or a folder of them, from the disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envelope/base/safe_file.h"
#include "envelope/named/state_file.h"

#define SUFFIX ".conf"
#define FILES_MAX 1000

struct reading {
    const struct env_errors *errors;
    const char *path;
    size_t left; /* how many more bytes are allowed */
    struct env_state *state;
};

static ENV_RESULT failed(const struct reading *r, const char *file, const char *why)
{
    return ENV_RAISE(r->errors, ENV_R_STATE_FILE, "state-file %s%s%s: %s", r->path,
                     *file != '\0' ? "/" : "", file, why);
}

static ENV_RESULT take_text(struct reading *r, int fd, const char *shown, const char *file)
{
    uint8_t *text = OPENSSL_malloc(r->left + 1);
    size_t len = 0;
    ssize_t n = 1;
    ENV_RESULT result;

    if (text == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    while (n > 0 && len < r->left + 1) {
        n = TEMP_FAILURE_RETRY(read(fd, text + len, r->left + 1 - len));
        len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        result = failed(r, file, strerror(errno));
    else if (len > r->left)
        result = failed(r, file, "it is longer than 1 MiB");
    else
        result = env_state_parse(r->errors, shown, (struct env_span){text, len}, r->state);
    r->left -= len <= r->left ? len : 0;
    OPENSSL_free(text);
    return result;
}

/* file "" means the path itself. */
static ENV_RESULT take_file(struct reading *r, int dirfd, const char *file)
{
    const char *shown = *file != '\0' ? file : r->path;
    const char *why = NULL;
    struct stat st;
    ENV_RESULT result;
    int fd = env_safe_open(dirfd, shown, &st, &why);

    if (fd < 0)
        return failed(r, file, why);
    result = take_text(r, fd, shown, file);
    (void)close(fd);
    return result;
}

static int is_drop_in(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > sizeof(SUFFIX) - 1 &&
           strcmp(entry->d_name + len - (sizeof(SUFFIX) - 1), SUFFIX) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static ENV_RESULT take_folder(struct reading *r, int folder, const struct stat *st)
{
    const char *why = env_folder_unsafe(folder, st);
    struct dirent **entries = NULL;
    ENV_RESULT result = ENV_OK;
    int count;

    if (why != NULL)
        return failed(r, "", why);
    count = scandirat(folder, ".", &entries, is_drop_in, by_name);
    if (count < 0)
        return errno == ENOMEM ? ENV_FAIL(ENV_R_NO_MEMORY) : failed(r, "", strerror(errno));
    if (count > FILES_MAX)
        result = failed(r, "", "it has more than 1,000 files");
    for (int i = 0; i < count; i++) {
        if (env_ok(result))
            result = take_file(r, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return result;
}

ENV_RESULT env_state_read(const struct env_errors *errors, const char *path, struct env_state **out)
{
    struct reading r = {errors, path, ENV_STATE_MAX, env_state_new()};
    struct stat st;
    ENV_RESULT result;
    int folder;

    if (r.state == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        result = take_file(&r, AT_FDCWD, "");
    else if (fstat(folder, &st) != 0)
        result = failed(&r, "", strerror(errno));
    else
        result = take_folder(&r, folder, &st);
    if (folder >= 0)
        (void)close(folder);
    if (!env_ok(result)) {
        env_state_free(r.state);
        return result;
    }
    *out = r.state;
    return ENV_OK;
}
