/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids of a token's AES keys. Normally the token is asked for an id, and has it. If someone
 * sends headers full of unknown ids, they are answered from this index for a while.
 */
#ifndef ENVELOPE_AES_INDEX_H
#define ENVELOPE_AES_INDEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "envelope/format/wrapped.h"
#include "keymgmt/token/p11.h"

/* A token with more keys is always asked: reading all their ids would take longer. */
#define ENV_AES_INDEX_MAX 256u

/*
 * A key by the reference that headers use. If that is not its CKA_ID, the token cannot be searched
 * for it.
 */
struct env_aes_entry {
    struct env_kek_id id;
    bool is_made;
    CK_OBJECT_HANDLE handle;
};

struct env_aes_index {
    pthread_mutex_t lock;
    uint64_t epoch; /* the token's session epoch that this belongs to; 0: the index is empty */
    int64_t since;  /* milliseconds */
    unsigned misses;
    bool tried; /* building the list was tried */
    bool made;
    bool whole; /* the list has all keys, also those that the token can find */
    size_t count;
    struct env_aes_entry *list;
};

void env_aes_index_init(struct env_aes_index *index);
void env_aes_index_clear(struct env_aes_index *index);

/* To be called when a key was made. */
void env_aes_index_forget(struct env_aes_index *index);

/* Whether the token is known not to have the id. */
bool env_aes_index_lacks(struct env_aes_index *index, uint64_t epoch, const struct env_kek_id *id);

/*
 * Records that the token did not have an id. True, for one caller only, when the list should be
 * built.
 */
bool env_aes_index_missed(struct env_aes_index *index, uint64_t epoch);

/*
 * Whether a recent list of this epoch is missing. Every caller gets the same answer: none may wait
 * for another, who may fail.
 */
bool env_aes_index_wanted(struct env_aes_index *index, uint64_t epoch);

/* Takes over list, which must come from malloc. */
void env_aes_index_set(struct env_aes_index *index, uint64_t epoch, struct env_aes_entry *list,
                       size_t count, bool whole);

/*
 * Finds keys whose reference is not their CKA_ID. Writes up to `room` handles and returns how many.
 */
size_t env_aes_index_find(struct env_aes_index *index, uint64_t epoch, const struct env_kek_id *id,
                          CK_OBJECT_HANDLE *out, size_t room);

#endif
