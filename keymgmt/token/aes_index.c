/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/aes_index.h"

#include <stdlib.h>
#include <string.h>

#include "envelope/base/clock.h"

#define FRESH_FOR 5000 /* milliseconds; afterwards a key that another program made is found */
#define MISSES_MAX 4u

void env_aes_index_init(struct env_aes_index *index)
{
    memset(index, 0, sizeof(*index));
    (void)pthread_mutex_init(&index->lock, NULL);
}

void env_aes_index_clear(struct env_aes_index *index)
{
    free(index->list);
    (void)pthread_mutex_destroy(&index->lock);
}

static void begin(struct env_aes_index *index, uint64_t epoch)
{
    free(index->list);
    index->list = NULL;
    index->count = 0;
    index->epoch = epoch;
    index->since = env_clock_ms();
    index->misses = 0;
    index->tried = false;
    index->made = false;
    index->whole = false;
}

void env_aes_index_forget(struct env_aes_index *index)
{
    (void)pthread_mutex_lock(&index->lock);
    begin(index, 0);
    (void)pthread_mutex_unlock(&index->lock);
}

static bool is_fresh(const struct env_aes_index *index, uint64_t epoch)
{
    return index->epoch != 0 && index->epoch == epoch && env_clock_ms() - index->since < FRESH_FOR;
}

bool env_aes_index_lacks(struct env_aes_index *index, uint64_t epoch, const struct env_kek_id *id)
{
    bool lacks;

    (void)pthread_mutex_lock(&index->lock);
    lacks = index->made && index->whole && is_fresh(index, epoch);
    for (size_t i = 0; lacks && i < index->count; i++)
        lacks = !env_kek_id_equal(&index->list[i].id, id);
    (void)pthread_mutex_unlock(&index->lock);
    return lacks;
}

bool env_aes_index_missed(struct env_aes_index *index, uint64_t epoch)
{
    bool now;

    (void)pthread_mutex_lock(&index->lock);
    if (!is_fresh(index, epoch))
        begin(index, epoch);
    now = ++index->misses >= MISSES_MAX && !index->tried;
    index->tried = index->tried || now;
    (void)pthread_mutex_unlock(&index->lock);
    return now;
}

bool env_aes_index_wanted(struct env_aes_index *index, uint64_t epoch)
{
    bool now;

    (void)pthread_mutex_lock(&index->lock);
    now = !index->made || !is_fresh(index, epoch);
    (void)pthread_mutex_unlock(&index->lock);
    return now;
}

size_t env_aes_index_find(struct env_aes_index *index, uint64_t epoch, const struct env_kek_id *id,
                          CK_OBJECT_HANDLE *out, size_t room)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&index->lock);
    for (size_t i = 0; is_fresh(index, epoch) && i < index->count && count < room; i++) {
        const struct env_aes_entry *entry = &index->list[i];

        if (entry->is_made && env_kek_id_equal(&entry->id, id))
            out[count++] = entry->handle;
    }
    (void)pthread_mutex_unlock(&index->lock);
    return count;
}

void env_aes_index_set(struct env_aes_index *index, uint64_t epoch, struct env_aes_entry *list,
                       size_t count, bool whole)
{
    (void)pthread_mutex_lock(&index->lock);
    begin(index, epoch);
    index->tried = true;
    index->made = true;
    index->whole = whole;
    index->list = list;
    index->count = count;
    (void)pthread_mutex_unlock(&index->lock);
}
