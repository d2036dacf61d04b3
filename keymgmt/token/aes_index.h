/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids of a token's AES keys. The token is asked for an id first, and knows it as a rule; who
 * sends headers full of ids that it does not know has them answered from here instead, for a while.
 */
#ifndef ENVELOPE_AES_INDEX_H
#define ENVELOPE_AES_INDEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "envelope/format/wrapped.h"
#include "keymgmt/token/p11.h"

/* A token with more keys is asked each time: to read the ids of all would take longer. */
#define ENV_AES_INDEX_MAX 256u

/* What headers call a key, and whether that is not its CKA_ID, so that the token cannot be asked.
 */
struct env_aes_entry {
    struct env_kek_id id;
    bool is_made;
    CK_OBJECT_HANDLE handle;
};

struct env_aes_index {
    pthread_mutex_t lock;
    uint64_t epoch; /* of the token's sessions that all this is about; 0: there is nothing */
    int64_t since;  /* in milliseconds */
    unsigned misses;
    bool tried; /* to make the list */
    bool made;
    bool whole; /* it has all keys of the token, and not only those that cannot be asked for */
    size_t count;
    struct env_aes_entry *list;
};

void env_aes_index_init(struct env_aes_index *index);
void env_aes_index_clear(struct env_aes_index *index);

/* A key was made. */
void env_aes_index_forget(struct env_aes_index *index);

/* Whether it is known that the token does not have the id. */
bool env_aes_index_lacks(struct env_aes_index *index, uint64_t epoch, const struct env_kek_id *id);

/* The token did not have an id. True when it is time to make the list: to one caller. */
bool env_aes_index_missed(struct env_aes_index *index, uint64_t epoch);

/* Whether there is no list of the epoch that is young enough to be believed. To every caller: none
 * can wait for another, who may fail. */
bool env_aes_index_wanted(struct env_aes_index *index, uint64_t epoch);

/* list is from malloc, and belongs to it. */
void env_aes_index_set(struct env_aes_index *index, uint64_t epoch, struct env_aes_entry *list,
                       size_t count, bool whole);

/* The handles of keys with this reference that is not their CKA_ID. At most room; the number. */
size_t env_aes_index_find(struct env_aes_index *index, uint64_t epoch, const struct env_kek_id *id,
                          CK_OBJECT_HANDLE *out, size_t room);

#endif
