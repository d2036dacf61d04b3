/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/key_index.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envelope/base/clock.h"

/* Seconds after which another change of a folder cannot have the same time. */
#define SETTLES_AFTER 2

void env_key_index_free(struct env_key_index *index)
{
    if (index == NULL)
        return;
    for (size_t i = 0; i < index->count; i++)
        env_key_entry_free(index->entries[i]);
    OPENSSL_free(index->entries);
    OPENSSL_free(index->hints);
    OPENSSL_free(index);
}

struct env_key_index *env_key_index_empty(void)
{
    return OPENSSL_zalloc(sizeof(struct env_key_index));
}

/* ---- reading ---- */

/* Whether the reason says nothing about the file. */
static bool is_ours_to_blame(enum env_reason reason)
{
    return reason == ENV_R_NO_MEMORY || reason == ENV_R_CRYPTO_FAILED;
}

static ENV_RESULT make_entry(const struct env_key_reading *reading, const struct env_key_name *name,
                             const struct env_key_file *file, const struct env_file_seen *seen,
                             enum env_reason unreadable, struct env_key_entry **out)
{
    *out = env_key_entry_new(name, file, seen, unreadable);
    if (*out == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    if (file == NULL)
        reading->unreadable(reading->arg, *out);
    return ENV_OK;
}

static ENV_RESULT read_changed(const struct env_key_reading *reading, int folder,
                               const struct env_key_name *name, const struct env_file_seen *seen,
                               struct env_key_entry *old, struct env_key_entry **out)
{
    struct env_key_file *file = NULL;
    struct env_file_seen read = *seen;
    ENV_RESULT r = env_key_file_read(reading->errors, reading->crypto, folder, name->name,
                                     name->number, &file);

    if (is_ours_to_blame(r.reason))
        return r;
    if (file != NULL)
        read = env_file_seen(&file->st);
    if (!env_ok(r) && old != NULL && old->clear == NULL && old->unreadable == r.reason &&
        env_file_seen_same(&old->seen, seen)) { /* unchanged, and already reported */
        *out = env_key_entry_up_ref(old);
        return ENV_OK;
    }
    if (!env_ok(r) && old != NULL && old->clear != NULL) {
        struct env_key_entry *told = NULL;

        /* it may still be being copied: keep the old entry, and compare again the next time */
        ENV_TRY(make_entry(reading, name, NULL, seen, r.reason, &told));
        env_key_entry_free(told);
        *out = env_key_entry_up_ref(old);
        return ENV_OK;
    }
    r = make_entry(reading, name, file, &read, r.reason, out);
    env_key_file_free(file);
    return r;
}

/* A link's target may change while the folder looks the same. */
static bool is_link(int folder, const char *file)
{
    struct stat st;

    return fstatat(folder, file, &st, AT_SYMLINK_NOFOLLOW) != 0 || S_ISLNK(st.st_mode);
}

/* *settled: the folder shows any replacement of the file. */
static ENV_RESULT read_one(const struct env_key_reading *reading, int folder,
                           const struct env_key_name *name, const struct env_key_index *old,
                           struct env_key_entry **out, bool *settled)
{
    struct env_key_entry *before =
        old != NULL ? env_key_index_find(old, name->name, name->number) : NULL;
    char file[ENV_NAMED_FILE_NAME];
    struct env_file_seen seen = {0};
    struct stat st;

    env_named_file_name(name->name, name->number, file);
    if (fstatat(folder, file, &st, 0) == 0)
        seen = env_file_seen(&st);
    if (before != NULL && before->clear != NULL && env_file_seen_same(&before->seen, &seen))
        *out = env_key_entry_up_ref(before);
    else
        ENV_TRY(read_changed(reading, folder, name, &seen, before, out));
    /* an unreadable file may be repaired in place, which the folder does not show */
    if ((*out)->clear == NULL || is_link(folder, file) || !env_file_seen_same(&(*out)->seen, &seen))
        *settled = false;
    return ENV_OK;
}

static int hints_in_order(const void *a, const void *b)
{
    return memcmp(((const struct env_hint_place *)a)->hint,
                  ((const struct env_hint_place *)b)->hint, ENV_STAND_IN_HINT_LEN);
}

static ENV_RESULT make_hints(struct env_key_index *index)
{
    size_t count = 0;

    for (size_t i = 0; i < index->count; i++)
        count += index->entries[i]->clear != NULL ? index->entries[i]->clear->stand_in_count : 0;
    if (count == 0)
        return ENV_OK;
    index->hints = OPENSSL_malloc(count * sizeof(*index->hints));
    if (index->hints == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    for (size_t i = 0; i < index->count; i++) {
        struct env_key_entry *entry = index->entries[i];

        for (size_t j = 0; entry->clear != NULL && j < entry->clear->stand_in_count; j++) {
            struct env_hint_place *place = &index->hints[index->hint_count++];

            memcpy(place->hint, entry->clear->stand_ins[j].hint, ENV_STAND_IN_HINT_LEN);
            place->entry = entry;
        }
    }
    qsort(index->hints, count, sizeof(*index->hints), hints_in_order);
    return ENV_OK;
}

static ENV_RESULT read_all(const struct env_key_reading *reading, int folder,
                           const struct env_key_names *names, const struct env_key_index *old,
                           struct env_key_index *index)
{
    if (names->count == 0)
        return ENV_OK;
    index->entries = OPENSSL_zalloc(names->count * sizeof(struct env_key_entry *));
    if (index->entries == NULL)
        return ENV_FAIL(ENV_R_NO_MEMORY);
    for (; index->count < names->count; index->count++)
        ENV_TRY(read_one(reading, folder, &names->names[index->count], old,
                         &index->entries[index->count], &index->settled));
    return make_hints(index);
}

ENV_RESULT env_key_index_read(const struct env_key_reading *reading,
                              const struct env_key_index *old, struct env_key_index **out)
{
    struct env_key_names names = {0};
    struct env_key_index *index;
    struct stat st;
    ENV_RESULT r;
    int folder;

    ENV_TRY(env_key_folder_open(reading->errors, reading->path, &folder, &st));
    index = env_key_index_empty();
    r = index != NULL ? env_key_folder_list(reading->errors, reading->path, folder, &names)
                      : ENV_FAIL(ENV_R_NO_MEMORY);
    if (env_ok(r)) {
        index->folder = env_file_seen(&st);
        index->settled = env_clock_seconds() - st.st_mtim.tv_sec >= SETTLES_AFTER;
        r = read_all(reading, folder, &names, old, index);
    }
    env_key_names_clear(&names);
    (void)close(folder);
    if (!env_ok(r)) {
        env_key_index_free(index);
        return r;
    }
    *out = index;
    return ENV_OK;
}

/* ---- finding ---- */

/* The first entry that does not sort before NAME@N. */
static size_t lower_bound(const struct env_key_index *index, const char *name, uint32_t number)
{
    size_t low = 0;
    size_t high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct env_key_entry *entry = index->entries[middle];
        int order = strcmp(entry->name, name);

        if (order < 0 || (order == 0 && entry->number < number))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct env_key_entry *env_key_index_find(const struct env_key_index *index, const char *name,
                                         uint32_t number)
{
    size_t at = lower_bound(index, name, number);

    if (at == index->count || index->entries[at]->number != number ||
        strcmp(index->entries[at]->name, name) != 0)
        return NULL;
    return index->entries[at];
}

struct env_key_entry *const *env_key_index_versions(const struct env_key_index *index,
                                                    const char *name, size_t *count)
{
    size_t first = lower_bound(index, name, 0);
    size_t last = first;

    while (last < index->count && strcmp(index->entries[last]->name, name) == 0)
        last++;
    *count = last - first;
    return *count > 0 ? &index->entries[first] : NULL;
}

const struct env_hint_place *env_key_index_hinted(const struct env_key_index *index,
                                                  const uint8_t hint[ENV_STAND_IN_HINT_LEN],
                                                  size_t *count)
{
    size_t low = 0;
    size_t high = index->hint_count;
    size_t last;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(index->hints[middle].hint, hint, ENV_STAND_IN_HINT_LEN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (last = low; last < index->hint_count &&
                     memcmp(index->hints[last].hint, hint, ENV_STAND_IN_HINT_LEN) == 0;)
        last++;
    *count = last - low;
    return *count > 0 ? &index->hints[low] : NULL;
}
