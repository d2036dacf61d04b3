/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/token/rsa_index.h"

#include <stdlib.h>
#include <string.h>

#include "envelope/base/clock.h"

/* Headers with random references are answered from this, however many are sent. */
#define FRESH_FOR 5000 /* milliseconds */
#define ASKED_MAX 4u

void env_rsa_index_init(struct env_rsa_index *index)
{
    memset(index, 0, sizeof(*index));
    (void)pthread_mutex_init(&index->lock, NULL);
}

void env_rsa_index_clear(struct env_rsa_index *index)
{
    free(index->list);
    (void)pthread_mutex_destroy(&index->lock);
}

void env_rsa_index_set(struct env_rsa_index *index, uint64_t epoch, struct env_rsa_entry *list,
                       size_t count)
{
    (void)pthread_mutex_lock(&index->lock);
    free(index->list);
    index->epoch = epoch;
    index->made = env_clock_ms();
    index->asked = 0;
    index->list = list;
    index->count = count;
    (void)pthread_mutex_unlock(&index->lock);
}

void env_rsa_index_forget(struct env_rsa_index *index)
{
    env_rsa_index_set(index, 0, NULL, 0);
}

static bool is_fresh(const struct env_rsa_index *index, uint64_t epoch)
{
    return index->epoch != 0 && index->epoch == epoch && env_clock_ms() - index->made < FRESH_FOR;
}

bool env_rsa_index_is_fresh(struct env_rsa_index *index, uint64_t epoch)
{
    bool fresh;

    (void)pthread_mutex_lock(&index->lock);
    fresh = is_fresh(index, epoch);
    (void)pthread_mutex_unlock(&index->lock);
    return fresh;
}

static size_t find(const struct env_rsa_index *index, const struct env_kek_id *id, bool reference,
                   CK_OBJECT_HANDLE *out, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < index->count && count < room; i++) {
        const struct env_rsa_entry *entry = &index->list[i];

        if (env_kek_id_equal(reference ? &entry->reference : &entry->id, id))
            out[count++] = entry->handle;
    }
    return count;
}

bool env_rsa_index_lacks(struct env_rsa_index *index, uint64_t epoch, const struct env_kek_id *id)
{
    CK_OBJECT_HANDLE handle;
    bool lacks;

    (void)pthread_mutex_lock(&index->lock);
    lacks = is_fresh(index, epoch) && index->asked >= ASKED_MAX &&
            find(index, id, false, &handle, 1) + find(index, id, true, &handle, 1) == 0;
    (void)pthread_mutex_unlock(&index->lock);
    return lacks;
}

bool env_rsa_index_may_ask(struct env_rsa_index *index)
{
    bool may;

    (void)pthread_mutex_lock(&index->lock);
    may = index->asked < ASKED_MAX;
    index->asked += may ? 1 : 0;
    (void)pthread_mutex_unlock(&index->lock);
    return may;
}

size_t env_rsa_index_find(struct env_rsa_index *index, const struct env_kek_id *id,
                          CK_OBJECT_HANDLE *out, size_t room)
{
    size_t count;

    (void)pthread_mutex_lock(&index->lock);
    count = find(index, id, false, out, room);
    if (count == 0)
        count = find(index, id, true, out, room);
    (void)pthread_mutex_unlock(&index->lock);
    return count;
}
