/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/kek_cache.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct env_cache_entry {
    enum env_cache_kind kind;
    unsigned extra;
    size_t len;
    uint8_t *bytes;
    struct env_kek *kek; /* NULL: the entry is free */
};

void env_kek_cache_init(struct env_kek_cache *cache)
{
    memset(cache, 0, sizeof(*cache));
    (void)pthread_mutex_init(&cache->lock, NULL);
}

static struct env_cache_entry *find(const struct env_kek_cache *cache,
                                    const struct env_cache_name *name)
{
    for (size_t i = 0; i < cache->count; i++) {
        struct env_cache_entry *entry = &cache->entries[i];

        if (entry->kek != NULL && entry->kind == name->kind && entry->extra == name->extra &&
            entry->len == name->len && memcmp(entry->bytes, name->bytes, name->len) == 0)
            return entry;
    }
    return NULL;
}

static struct env_kek *with_reference(struct env_kek *kek)
{
    kek->vtable->up_ref(kek);
    return kek;
}

struct env_kek *env_kek_cache_find(struct env_kek_cache *cache, const struct env_cache_name *name)
{
    struct env_cache_entry *entry;
    struct env_kek *kek = NULL;

    (void)pthread_mutex_lock(&cache->lock);
    entry = find(cache, name);
    if (entry != NULL)
        kek = with_reference(entry->kek);
    (void)pthread_mutex_unlock(&cache->lock);
    return kek;
}

struct env_kek *env_kek_cache_search(struct env_kek_cache *cache,
                                     bool (*same)(const struct env_kek *kek, const void *arg),
                                     const void *arg)
{
    struct env_kek *kek = NULL;

    (void)pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < cache->count && kek == NULL; i++) {
        if (cache->entries[i].kek != NULL && same(cache->entries[i].kek, arg))
            kek = with_reference(cache->entries[i].kek);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return kek;
}

/* Empties the entry and returns its KEK, which the caller frees after unlocking the cache. */
static struct env_kek *take_out(struct env_cache_entry *entry)
{
    struct env_kek *kek = entry->kek;

    OPENSSL_clear_free(entry->bytes, entry->len); /* may be key bytes, or contain a PIN */
    memset(entry, 0, sizeof(*entry));
    return kek;
}

/* A free entry, or NULL. *dropped is the KEK that was removed to make room. */
static struct env_cache_entry *free_entry(struct env_kek_cache *cache, struct env_kek **dropped)
{
    for (size_t i = 0; i < cache->count; i++) {
        if (cache->entries[i].kek == NULL)
            return &cache->entries[i];
    }
    if (cache->count == ENV_CACHE_MAX) {
        struct env_cache_entry *entry = &cache->entries[cache->oldest];

        cache->oldest = (cache->oldest + 1) % ENV_CACHE_MAX;
        *dropped = take_out(entry);
        return entry;
    }
    if ((cache->count & (cache->count - 1)) == 0) { /* the array's capacity is a power of two */
        size_t room = cache->count == 0 ? 1 : 2 * cache->count;
        struct env_cache_entry *entries = realloc(cache->entries, room * sizeof(*entries));

        if (entries == NULL)
            return NULL;
        cache->entries = entries;
    }
    memset(&cache->entries[cache->count], 0, sizeof(cache->entries[0]));
    return &cache->entries[cache->count++];
}

void env_kek_cache_add(struct env_kek_cache *cache, const struct env_cache_name *name,
                       struct env_kek *kek)
{
    struct env_kek *dropped = NULL;
    struct env_cache_entry *entry;

    (void)pthread_mutex_lock(&cache->lock);
    entry = find(cache, name);
    if (entry != NULL)
        dropped = take_out(entry);
    else
        entry = free_entry(cache, &dropped);
    if (entry != NULL)
        entry->bytes = OPENSSL_memdup(name->bytes, name->len);
    if (entry != NULL && entry->bytes != NULL) {
        entry->kind = name->kind;
        entry->extra = name->extra;
        entry->len = name->len;
        entry->kek = with_reference(kek);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    env_kek_free(dropped);
}

void env_kek_cache_remove(struct env_kek_cache *cache, const struct env_kek *kek)
{
    struct env_kek *dropped;

    do {
        dropped = NULL;
        (void)pthread_mutex_lock(&cache->lock);
        for (size_t i = 0; i < cache->count && dropped == NULL; i++) {
            if (cache->entries[i].kek == kek)
                dropped = take_out(&cache->entries[i]);
        }
        (void)pthread_mutex_unlock(&cache->lock);
        env_kek_free(dropped);
    } while (dropped != NULL);
}

void env_kek_cache_empty(struct env_kek_cache *cache)
{
    struct env_kek *dropped;

    do {
        dropped = NULL;
        (void)pthread_mutex_lock(&cache->lock);
        while (cache->count > 0 && dropped == NULL)
            dropped = take_out(&cache->entries[--cache->count]);
        (void)pthread_mutex_unlock(&cache->lock);
        env_kek_free(dropped);
    } while (dropped != NULL);
}

void env_kek_cache_clear(struct env_kek_cache *cache)
{
    env_kek_cache_empty(cache);
    free(cache->entries);
    (void)pthread_mutex_destroy(&cache->lock);
}
