/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RSA keys of a token by what headers may call them, since a token cannot be asked for the hash
 * of an attribute: all are read, so this is kept for a while.
 */
#ifndef ENVELOPE_RSA_INDEX_H
#define ENVELOPE_RSA_INDEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "envelope/format/wrapped.h"
#include "keymgmt/token/p11.h"

struct env_rsa_entry {
    CK_OBJECT_HANDLE handle;
    struct env_kek_id id;        /* its CKA_ID */
    struct env_kek_id reference; /* of its public half; len 0: it could not be worked out */
};

struct env_rsa_index {
    pthread_mutex_t lock;
    uint64_t epoch; /* of the token's sessions when it was made; 0: there is none */
    int64_t made;   /* in milliseconds */
    unsigned asked; /* for ids that it does not have, since then */
    size_t count;
    struct env_rsa_entry *list;
};

void env_rsa_index_init(struct env_rsa_index *index);
void env_rsa_index_clear(struct env_rsa_index *index);

/* A new one in its place; list is from malloc, and belongs to it. */
void env_rsa_index_set(struct env_rsa_index *index, uint64_t epoch, struct env_rsa_entry *list,
                       size_t count);

/* A key was made, or one is not where it was. */
void env_rsa_index_forget(struct env_rsa_index *index);

/* Whether there is one of the epoch that is young enough to be believed. */
bool env_rsa_index_is_fresh(struct env_rsa_index *index, uint64_t epoch);

/* Whether it is known that the token does not have the id, so that it is not asked any more. */
bool env_rsa_index_lacks(struct env_rsa_index *index, uint64_t epoch, const struct env_kek_id *id);

/*
 * Whether the token may be asked for an id that a fresh one does not have: a few times, so that a
 * key that has just come is found.
 */
bool env_rsa_index_may_ask(struct env_rsa_index *index);

/*
 * The handles of the keys that a header means: those with the id, and where there is none those
 * with the reference. At most `room` of them; the number.
 */
size_t env_rsa_index_find(struct env_rsa_index *index, const struct env_kek_id *id,
                          CK_OBJECT_HANDLE *out, size_t room);

#endif
