/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RSA keys of a token by the references that headers may use. A token cannot be searched by the
 * hash of an attribute, so all its keys are read, and the result is kept for a while.
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
    struct env_kek_id reference; /* of its public half; len 0: it could not be computed */
};

struct env_rsa_index {
    pthread_mutex_t lock;
    uint64_t epoch; /* the token's session epoch in which it was made; 0: the index is empty */
    int64_t made;   /* milliseconds */
    unsigned asked; /* how often the token was asked since then for an id that the index lacks */
    size_t count;
    struct env_rsa_entry *list;
};

void env_rsa_index_init(struct env_rsa_index *index);
void env_rsa_index_clear(struct env_rsa_index *index);

/* Replaces the index. Takes over list, which must come from malloc. */
void env_rsa_index_set(struct env_rsa_index *index, uint64_t epoch, struct env_rsa_entry *list,
                       size_t count);

/* To be called when a key was made, or when one is no longer where it was. */
void env_rsa_index_forget(struct env_rsa_index *index);

/* Whether the index belongs to this epoch and is recent. */
bool env_rsa_index_is_fresh(struct env_rsa_index *index, uint64_t epoch);

/* Whether the token is known not to have the id, so that it need not be asked. */
bool env_rsa_index_lacks(struct env_rsa_index *index, uint64_t epoch, const struct env_kek_id *id);

/*
 * Whether the token may be asked for an id that a fresh index lacks. Allowed a few times, so that a
 * new key is found.
 */
bool env_rsa_index_may_ask(struct env_rsa_index *index);

/*
 * The keys that a header's id means: those with this CKA_ID, or else those with this reference.
 * Writes up to `room` handles and returns how many.
 */
size_t env_rsa_index_find(struct env_rsa_index *index, const struct env_kek_id *id,
                          CK_OBJECT_HANDLE *out, size_t room);

#endif
