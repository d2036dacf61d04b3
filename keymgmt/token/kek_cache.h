/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KEKs found so far, by the name they were looked up with: searching a token with many keys is
 * slow.
 */
#ifndef ENVELOPE_KEK_CACHE_H
#define ENVELOPE_KEK_CACHE_H

#include <pthread.h>

#include "envelope/message/kek.h"

#define ENV_CACHE_MAX 1024u

/* Kinds of names: the same bytes mean different things in each. */
enum env_cache_kind {
    ENV_CACHE_TEXT,     /* a label or URI */
    ENV_CACHE_MARKED,   /* a label that came as key bytes */
    ENV_CACHE_ID,       /* a reference; `extra` is the length of the key */
    ENV_CACHE_SHOWN,    /* a label or URI of a KEK to be shown, which the policy may refuse */
    ENV_CACHE_VERSIONS, /* a label or URI that names all versions of a KEK */
};

struct env_cache_name {
    enum env_cache_kind kind;
    unsigned extra;
    const void *bytes;
    size_t len;
};

struct env_kek_cache {
    pthread_mutex_t lock;
    size_t count;
    size_t oldest; /* the entry to replace when the cache is full */
    struct env_cache_entry *entries;
};

void env_kek_cache_init(struct env_kek_cache *cache);

/* The KEK with a reference for the caller, or NULL. */
struct env_kek *env_kek_cache_find(struct env_kek_cache *cache, const struct env_cache_name *name);

/* Any KEK for which `same` is true, with a reference for the caller, or NULL. */
struct env_kek *env_kek_cache_search(struct env_kek_cache *cache,
                                     bool (*same)(const struct env_kek *kek, const void *arg),
                                     const void *arg);

/* Takes a reference of its own. Without memory the KEK is not cached, which only costs time. */
void env_kek_cache_add(struct env_kek_cache *cache, const struct env_cache_name *name,
                       struct env_kek *kek);

/* Removes every name of the KEK. */
void env_kek_cache_remove(struct env_kek_cache *cache, const struct env_kek *kek);

/* Removes all entries, so that nothing refers to the keyring any more. */
void env_kek_cache_empty(struct env_kek_cache *cache);
void env_kek_cache_clear(struct env_kek_cache *cache);

#endif
