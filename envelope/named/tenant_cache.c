/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/tenant_cache.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "envelope/base/secret.h"
#include "envelope/base/thread_number.h"

#define NONE SIZE_MAX
#define CHUNK 32u /* entries that are allocated at once */

/* Lives in secret memory, as everything that contains it does. */
struct opened {
    struct env_field_key key;
    uint8_t above[ENV_FIELD_ID_LEN];
    uint8_t sealed[ENV_TENANT_SEALED_LEN];
    size_t tenant_len;
    uint8_t tenant[ENV_TENANT_ID_MAX];
};

struct entry {
    struct opened opened;
    size_t chained; /* the next entry in the same place */
    size_t newer;
    size_t older;
};

struct env_tenant_cache {
    pthread_mutex_t lock;
    size_t most;
    size_t count;
    struct entry **chunks;
    size_t *places; /* the first entry of each place; their number is a power of two */
    size_t mask;
    size_t newest;
    size_t oldest;
    /*
     * What each thread used last, so that several fields of one tenant take the lock only once. A
     * thread that has taken one out of its place owns it.
     */
    struct {
        _Atomic(struct opened *) last;
        char apart[2 * ENV_CACHE_LINE - sizeof(void *)];
    } threads[ENV_THREAD_NUMBERS];
};

struct env_tenant_cache *env_tenant_cache_new(size_t most)
{
    struct env_tenant_cache *cache = OPENSSL_zalloc(sizeof(*cache));

    if (cache == NULL)
        return NULL;
    (void)pthread_mutex_init(&cache->lock, NULL);
    cache->most = most;
    cache->newest = cache->oldest = NONE;
    return cache;
}

void env_tenant_cache_free(struct env_tenant_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i * CHUNK < cache->count; i++)
        env_secret_free(cache->chunks[i], CHUNK * sizeof(struct entry));
    for (size_t i = 0; i < ENV_THREAD_NUMBERS; i++)
        env_secret_free(atomic_load(&cache->threads[i].last), sizeof(struct opened));
    OPENSSL_free(cache->chunks);
    OPENSSL_free(cache->places);
    (void)pthread_mutex_destroy(&cache->lock);
    OPENSSL_free(cache);
}

static struct entry *at(const struct env_tenant_cache *cache, size_t i)
{
    return &cache->chunks[i / CHUNK][i % CHUNK];
}

/*
 * By the sealed key's tag. Entries have been opened, so only someone who can make tenant keys can
 * create many of them.
 */
static size_t *place_of(const struct env_tenant_cache *cache, const uint8_t *sealed)
{
    uint64_t hash = 0;

    memcpy(&hash, sealed + ENV_TENANT_SEALED_LEN - sizeof(hash), sizeof(hash));
    return &cache->places[hash & cache->mask];
}

static bool is(const struct opened *opened, const struct env_tenant_name *name)
{
    return memcmp(opened->sealed, name->sealed.data, sizeof(opened->sealed)) == 0 &&
           memcmp(opened->above, name->above, sizeof(opened->above)) == 0 &&
           opened->tenant_len == name->tenant.len &&
           memcmp(opened->tenant, name->tenant.data, name->tenant.len) == 0;
}

static void write_opened(struct opened *opened, const struct env_tenant_name *name,
                         const struct env_field_key *key)
{
    opened->key = *key;
    memcpy(opened->above, name->above, sizeof(opened->above));
    memcpy(opened->sealed, name->sealed.data, sizeof(opened->sealed));
    opened->tenant_len = name->tenant.len;
    memcpy(opened->tenant, name->tenant.data, name->tenant.len);
}

/* ---- what a thread used last ---- */

static bool last_get(struct env_tenant_cache *cache, const struct env_tenant_name *name,
                     struct env_field_key *out)
{
    _Atomic(struct opened *) *place = &cache->threads[env_thread_number()].last;
    struct opened *last = atomic_exchange(place, NULL);
    bool found;

    if (last == NULL)
        return false;
    found = is(last, name);
    if (found)
        *out = last->key;
    env_secret_free(atomic_exchange(place, last), sizeof(*last));
    return found;
}

/* Stores NULL if there is no memory. */
static void last_put(struct env_tenant_cache *cache, const struct env_tenant_name *name,
                     const struct env_field_key *key)
{
    _Atomic(struct opened *) *place = &cache->threads[env_thread_number()].last;
    struct opened *last = atomic_exchange(place, NULL);

    if (last == NULL)
        last = env_secret_alloc(sizeof(*last));
    if (last == NULL)
        return;
    write_opened(last, name, key);
    env_secret_free(atomic_exchange(place, last), sizeof(*last));
}

/* ---- all of them ---- */

static size_t find(const struct env_tenant_cache *cache, const struct env_tenant_name *name)
{
    size_t i;

    if (cache->places == NULL)
        return NONE;
    i = *place_of(cache, name->sealed.data);
    while (i != NONE && !is(&at(cache, i)->opened, name))
        i = at(cache, i)->chained;
    return i;
}

/* ---- the order in which they were used ---- */

static void unlink_entry(struct env_tenant_cache *cache, size_t i)
{
    const struct entry *entry = at(cache, i);

    if (entry->newer != NONE)
        at(cache, entry->newer)->older = entry->older;
    else
        cache->newest = entry->older;
    if (entry->older != NONE)
        at(cache, entry->older)->newer = entry->newer;
    else
        cache->oldest = entry->newer;
}

static void make_newest(struct env_tenant_cache *cache, size_t i)
{
    struct entry *entry = at(cache, i);

    entry->newer = NONE;
    entry->older = cache->newest;
    if (cache->newest != NONE)
        at(cache, cache->newest)->newer = i;
    else
        cache->oldest = i;
    cache->newest = i;
}

/* ---- making room ---- */

static bool make_places(struct env_tenant_cache *cache)
{
    size_t count = 64;

    while (count < cache->most)
        count *= 2;
    cache->chunks = OPENSSL_zalloc((cache->most / CHUNK + 1) * sizeof(*cache->chunks));
    cache->places = OPENSSL_malloc(count * sizeof(*cache->places));
    if (cache->chunks == NULL || cache->places == NULL) {
        OPENSSL_free(cache->chunks);
        OPENSSL_free(cache->places);
        cache->chunks = NULL;
        cache->places = NULL;
        return false;
    }
    cache->mask = count - 1;
    for (size_t i = 0; i < count; i++)
        cache->places[i] = NONE;
    return true;
}

static void forget(struct env_tenant_cache *cache, size_t i)
{
    size_t *link = place_of(cache, at(cache, i)->opened.sealed);

    while (*link != i)
        link = &at(cache, *link)->chained;
    *link = at(cache, i)->chained;
    unlink_entry(cache, i);
    OPENSSL_cleanse(at(cache, i), sizeof(struct entry));
}

/* A free entry; NONE: no memory. */
static size_t make_room(struct env_tenant_cache *cache)
{
    struct entry **chunk;
    size_t i = cache->count;

    if (cache->places == NULL && !make_places(cache))
        return NONE;
    if (cache->count == cache->most) {
        i = cache->oldest;
        forget(cache, i);
        return i;
    }
    chunk = &cache->chunks[i / CHUNK];
    if (*chunk == NULL)
        *chunk = env_secret_alloc(CHUNK * sizeof(struct entry));
    if (*chunk == NULL)
        return NONE;
    cache->count++;
    return i;
}

static void add(struct env_tenant_cache *cache, const struct env_tenant_name *name,
                const struct env_field_key *key)
{
    size_t i = make_room(cache);
    struct entry *entry;
    size_t *place;

    if (i == NONE)
        return;
    entry = at(cache, i);
    write_opened(&entry->opened, name, key);
    place = place_of(cache, entry->opened.sealed);
    entry->chained = *place;
    *place = i;
    make_newest(cache, i);
}

bool env_tenant_cache_get(struct env_tenant_cache *cache, const struct env_tenant_name *name,
                          struct env_field_key *out)
{
    size_t i;

    if (cache->most == 0)
        return false;
    if (last_get(cache, name, out))
        return true;
    (void)pthread_mutex_lock(&cache->lock);
    i = find(cache, name);
    if (i != NONE) {
        *out = at(cache, i)->opened.key;
        if (cache->newest != i) {
            unlink_entry(cache, i);
            make_newest(cache, i);
        }
    }
    (void)pthread_mutex_unlock(&cache->lock);
    if (i != NONE)
        last_put(cache, name, out);
    return i != NONE;
}

void env_tenant_cache_put(struct env_tenant_cache *cache, const struct env_tenant_name *name,
                          const struct env_field_key *key)
{
    if (cache->most == 0 || name->sealed.len != ENV_TENANT_SEALED_LEN ||
        name->tenant.len > ENV_TENANT_ID_MAX)
        return;
    (void)pthread_mutex_lock(&cache->lock);
    if (find(cache, name) == NONE) /* another thread may have been faster */
        add(cache, name, key);
    (void)pthread_mutex_unlock(&cache->lock);
    last_put(cache, name, key);
}
