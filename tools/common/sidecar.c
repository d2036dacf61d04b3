/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/sidecar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HASH_BYTES 16u

static const char *const words[] = {
    [TOOL_SIDECAR_JOURNAL] = ".envelope-journal",
    [TOOL_SIDECAR_NEW] = ".envelope-new",
    [TOOL_SIDECAR_EXCHANGE] = ".envelope-exchange",
    [TOOL_SIDECAR_PART] = ".envelope-part",
};

/* Some file systems allow only shorter names than NAME_MAX. */
static size_t longest_name(int dir)
{
    long most = fpathconf(dir, _PC_NAME_MAX);

    return most > 0 && most < NAME_MAX ? (size_t)most : NAME_MAX;
}

static bool hash_name(const char *file_name, char hex[2 * HASH_BYTES + 1])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t len = 0;

    if (EVP_Q_digest(NULL, "SHA256", NULL, file_name, strlen(file_name), hash, &len) != 1)
        return false;
    for (size_t i = 0; i < HASH_BYTES; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    return true;
}

static bool make_name(int dir, const char *file_name, enum tool_sidecar kind,
                      char name[NAME_MAX + 1])
{
    const char *word = words[kind];
    char hex[2 * HASH_BYTES + 1];

    if (1 + strlen(file_name) + strlen(word) <= longest_name(dir)) {
        (void)snprintf(name, NAME_MAX + 1, ".%s%s", file_name, word);
        return true;
    }
    if (!hash_name(file_name, hex))
        return false;
    (void)snprintf(name, NAME_MAX + 1, "%s.%s", word, hex);
    return true;
}

ENV_RESULT tool_sidecar_name(const struct tool_locked_file *locked, enum tool_sidecar kind,
                             char name[NAME_MAX + 1])
{
    return make_name(locked->dir, locked->name, kind, name) ? ENV_OK
                                                            : ENV_FAIL(ENV_R_CRYPTO_FAILED);
}

static bool is_short_form(const char *name, const char *word)
{
    size_t len = strlen(name);
    size_t word_len = strlen(word);

    return name[0] == '.' && len > 1 + word_len && strcmp(name + len - word_len, word) == 0;
}

static bool is_hashed_form(const char *name, const char *word)
{
    size_t word_len = strlen(word);

    return strncmp(name, word, word_len) == 0 && name[word_len] == '.' &&
           strlen(name + word_len + 1) == (size_t)2 * HASH_BYTES &&
           strspn(name + word_len + 1, "0123456789abcdef") == (size_t)2 * HASH_BYTES;
}

enum tool_sidecar tool_sidecar_kind(const char *name)
{
    for (int kind = TOOL_SIDECAR_JOURNAL; kind < TOOL_SIDECARS; kind++) {
        if (is_short_form(name, words[kind]) || is_hashed_form(name, words[kind]))
            return (enum tool_sidecar)kind;
    }
    return TOOL_SIDECAR_NONE;
}

/* Only regular files have sidecars; nobody would process those of anything else. */
static bool is_file(int dir, const char *name)
{
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* The hash cannot be reversed, so every name is hashed and compared. */
static bool any_name_has(int dir, const char *name, enum tool_sidecar kind)
{
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry;
    bool found = false;

    if (entries == NULL) {
        if (again >= 0)
            (void)close(again);
        return false;
    }
    while (!found && (entry = readdir(entries)) != NULL) {
        char candidate[NAME_MAX + 1];

        found = tool_sidecar_kind(entry->d_name) == TOOL_SIDECAR_NONE &&
                make_name(dir, entry->d_name, kind, candidate) && strcmp(candidate, name) == 0 &&
                is_file(dir, entry->d_name);
    }
    (void)closedir(entries);
    return found;
}

bool tool_sidecar_has_file(int dir, const char *name)
{
    enum tool_sidecar kind = tool_sidecar_kind(name);
    char file_name[NAME_MAX + 1];
    size_t len;

    if (kind == TOOL_SIDECAR_NONE)
        return false;
    if (!is_short_form(name, words[kind]))
        return any_name_has(dir, name, kind);
    len = strlen(name) - 1 - strlen(words[kind]);
    if (len > NAME_MAX)
        return false;
    memcpy(file_name, name + 1, len);
    file_name[len] = '\0';
    return is_file(dir, file_name);
}

ENV_RESULT tool_sidecar_remove(const struct tool_locked_file *locked, enum tool_sidecar kind,
                               bool *removed)
{
    char name[NAME_MAX + 1];

    ENV_TRY(tool_sidecar_name(locked, kind, name));
    *removed = TEMP_FAILURE_RETRY(unlinkat(locked->dir, name, 0)) == 0;
    if (!*removed && errno != ENOENT)
        return tool_locked_file_failed(locked, "removal of its sidecar");
    return ENV_OK;
}
