/* SPDX-License-Identifier: Apache-2.0 */
/* The key files of a folder at one time, searchable by name and by hints of their stand-ins. */
#ifndef ENVELOPE_KEY_INDEX_H
#define ENVELOPE_KEY_INDEX_H

#include "envelope/named/key_entry.h"

struct env_hint_place {
    uint8_t hint[ENV_STAND_IN_HINT_LEN];
    struct env_key_entry *entry;
};

/* Never changes, except for the lower half of its entries. */
struct env_key_index {
    struct env_key_entry **entries; /* by name, then by number */
    size_t count;
    struct env_hint_place *hints; /* in order */
    size_t hint_count;
    struct env_file_seen folder;
    bool settled; /* while the folder looks the same, nothing has changed */
};

/* Called while the folder is read, for a new or changed file that cannot be read. */
typedef void env_key_unreadable_fn(void *arg, const struct env_key_entry *entry);

struct env_key_reading {
    const struct env_errors *errors;
    const struct env_crypto *crypto;
    const char *path;
    env_key_unreadable_fn *unreadable;
    void *arg;
};

/*
 * Reads the folder. What has not changed since old (NULL: there is none) keeps its entry. If a
 * changed file cannot be read, its old entry stays and is checked again. Raises KEYS_FOLDER. The
 * caller drops errors about single files.
 */
ENV_RESULT env_key_index_read(const struct env_key_reading *reading,
                              const struct env_key_index *old, struct env_key_index **out);

/* An empty index, for a folder that is gone. */
struct env_key_index *env_key_index_empty(void);
void env_key_index_free(struct env_key_index *index);

struct env_key_entry *env_key_index_find(const struct env_key_index *index, const char *name,
                                         uint32_t number);
/* The first entry with this name, and their number. */
struct env_key_entry *const *env_key_index_versions(const struct env_key_index *index,
                                                    const char *name, size_t *count);
/* The first place with this hint, and their number. */
const struct env_hint_place *env_key_index_hinted(const struct env_key_index *index,
                                                  const uint8_t hint[ENV_STAND_IN_HINT_LEN],
                                                  size_t *count);

#endif
