/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking the folder again: disabled keys and keys whose file is gone are dropped, and keys whose
 * file changed are reopened. If something cannot be determined, everything stays.
 */
#include <errno.h>
#include <string.h>

#include "envelope/base/clock.h"
#include "envelope/named/store_inside.h"

/* ---- keys that go ---- */

/* Called with the lock: takes the open key out of an entry. The caller frees it after unlocking. */
static struct env_open_key *take_open(struct env_key_entry *entry)
{
    struct env_open_key *key = entry->open;

    entry->open = NULL;
    entry->stale = false;
    return key;
}

/* The next disabled key that is open, or NULL. *name: which it was. */
static struct env_open_key *next_disabled(struct env_store *store, const struct env_state *state,
                                          char name[ENV_NAMED_FULL_NAME])
{
    struct env_open_key *key = NULL;

    (void)pthread_mutex_lock(&store->lock);
    for (size_t i = 0; key == NULL && i < store->index->count; i++) {
        struct env_key_entry *entry = store->index->entries[i];

        if (entry->open == NULL || !env_state_disables_key(state, entry->name, entry->number))
            continue;
        key = take_open(entry);
        memcpy(name, entry->full_name, ENV_NAMED_FULL_NAME);
    }
    (void)pthread_mutex_unlock(&store->lock);
    return key;
}

static void drop_disabled(struct env_store *store, const struct env_state *state)
{
    char name[ENV_NAMED_FULL_NAME];
    struct env_open_key *key;

    while ((key = next_disabled(store, state, name)) != NULL) {
        env_open_key_free(key);
        env_store_record(store, ENV_AUDIT_STATE_CHANGE, name, NULL, ENV_R_KEY_DISABLED);
    }
}

/* For an index that is no longer the store's. */
static void tell_gone(struct env_store *store, const struct env_key_index *old,
                      const struct env_key_index *now)
{
    for (size_t i = 0; old != NULL && i < old->count; i++) {
        struct env_key_entry *entry = old->entries[i];
        struct env_open_key *key;

        if (env_key_index_find(now, entry->name, entry->number) != NULL)
            continue;
        (void)pthread_mutex_lock(&store->lock);
        key = take_open(entry);
        (void)pthread_mutex_unlock(&store->lock);
        if (key != NULL)
            env_store_record(store, ENV_AUDIT_STATE_CHANGE, entry->full_name, NULL,
                             ENV_R_KEY_UNKNOWN);
        env_open_key_free(key);
    }
}

/* ---- keys that stay ---- */

static bool says_the_same(const struct env_key_entry *a, const struct env_key_entry *b)
{
    return memcmp(a->fingerprint, b->fingerprint, sizeof(a->fingerprint)) == 0 &&
           memcmp(a->said, b->said, sizeof(a->said)) == 0;
}

/* Called with the lock. An open key moves to the new entry of its file. */
static void hand_over(const struct env_key_index *old, const struct env_key_index *now)
{
    for (size_t i = 0; old != NULL && i < now->count; i++) {
        struct env_key_entry *to = now->entries[i];
        struct env_key_entry *from = env_key_index_find(old, to->name, to->number);

        if (from == NULL || from == to || from->open == NULL || to->clear == NULL)
            continue;
        to->stale = from->stale || !says_the_same(from, to);
        to->open = take_open(from);
    }
}

/* Includes those for which it failed the last time. */
static void reopen_changed(struct env_store *store, const struct env_key_index *index)
{
    for (size_t i = 0; index != NULL && i < index->count; i++)
        env_store_reopen(store, index->entries[i]);
}

/*
 * Opens those that allow-keys names without *. A key that fails here is tried again when it is
 * requested.
 */
static void open_at_start(struct env_store *store, const struct env_key_index *index,
                          const struct env_state *state)
{
    const struct env_config *config = store->config;

    for (size_t i = 0; config->keys_open_at_start_on && i < index->count; i++) {
        struct env_key_entry *entry = index->entries[i];
        struct env_open_key *key = NULL;

        if (entry->clear != NULL && !env_state_disables_key(state, entry->name, entry->number) &&
            env_store_allows(config->allow_keys, entry->name, entry->number, true))
            (void)env_store_open(store, entry, NULL, &key);
        env_open_key_free(key);
    }
}

/* ---- checking ---- */

static void tell_unreadable(void *arg, const struct env_key_entry *entry)
{
    env_store_record(arg, ENV_AUDIT_OPEN, entry->full_name, NULL, entry->unreadable);
}

/* Whether the folder is unchanged; *gone: it does not exist. */
static bool is_unchanged(const struct env_store *store, bool *gone)
{
    struct env_file_seen seen;
    struct stat st;

    *gone = false;
    if (stat(store->config->keys_directory, &st) != 0) {
        *gone = store->index != NULL && errno == ENOENT;
        return false;
    }
    if (store->index == NULL || !store->index->settled)
        return false;
    seen = env_file_seen(&st);
    seen.size = store->index->folder.size;
    return env_file_seen_same(&seen, &store->index->folder);
}

static ENV_RESULT read_index(struct env_store *store, struct env_key_index **out)
{
    const struct env_key_reading reading = {store->context->errors, store->context->crypto,
                                            store->config->keys_directory, tell_unreadable, store};
    bool gone;

    ENV_TRY(env_crypto_ready(store->context->crypto));
    if (is_unchanged(store, &gone))
        return ENV_OK;
    if (!gone)
        return env_key_index_read(&reading, store->index, out);
    *out = env_key_index_empty();
    return *out != NULL ? ENV_OK : ENV_FAIL(ENV_R_NO_MEMORY);
}

/* Takes over the new index. */
static void change_index(struct env_store *store, struct env_key_index *now)
{
    struct env_key_index *old;

    (void)pthread_mutex_lock(&store->lock);
    old = store->index;
    hand_over(old, now);
    store->index = now;
    (void)pthread_mutex_unlock(&store->lock);
    tell_gone(store, old, now);
    env_key_index_free(old);
}

/* Called by the thread that has set looking: no other changes the index. */
static ENV_RESULT look(struct env_store *store, const struct env_state *state)
{
    const struct env_errors *errors = store->context->errors;
    struct env_key_index *now = NULL;
    bool first = store->index == NULL;
    ENV_RESULT r;

    env_errors_mark(errors);
    r = read_index(store, &now);
    if (now != NULL)
        change_index(store, now);
    reopen_changed(store, store->index);
    if (first && now != NULL)
        open_at_start(store, now, state);
    /* a folder that cannot be read changes nothing, if it could be read before */
    env_errors_unmark(errors, env_ok(r) || !first);
    return first ? r : ENV_OK;
}

static bool is_due(const struct env_store *store)
{
    return store->index == NULL ||
           env_clock_ms() - store->looked_at >=
               (int64_t)store->config->keys_refresh_seconds * ENV_STORE_MILLISECONDS;
}

/* Whether this thread is the one to check. */
static bool begin_look(struct env_store *store)
{
    bool mine;

    (void)pthread_mutex_lock(&store->lock);
    while (store->index == NULL && store->looking)
        (void)pthread_cond_wait(&store->changed, &store->lock);
    mine = is_due(store) && !store->looking;
    store->looking = store->looking || mine;
    (void)pthread_mutex_unlock(&store->lock);
    return mine;
}

static void end_look(struct env_store *store)
{
    (void)pthread_mutex_lock(&store->lock);
    store->looking = false;
    store->looked_at = env_clock_ms();
    (void)pthread_cond_broadcast(&store->changed);
    (void)pthread_mutex_unlock(&store->lock);
}

ENV_RESULT env_store_look(struct env_store *store, const struct env_state_seen **seen)
{
    bool another_state;
    bool mine;
    ENV_RESULT r;

    ENV_TRY(env_state_watch_see(store->states, seen));
    mine = begin_look(store);
    if (mine) {
        r = look(store, (*seen)->state);
        end_look(store);
        env_store_record_rest(store);
        ENV_TRY(r);
    }
    (void)pthread_mutex_lock(&store->lock);
    another_state = store->state_number != (*seen)->number;
    store->state_number = (*seen)->number;
    (void)pthread_mutex_unlock(&store->lock);
    if (mine || another_state)
        drop_disabled(store, (*seen)->state);
    return ENV_OK;
}
