/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one use of libcrypto keeps for the next: contexts without keys, and random bytes drawn in
 * advance. Each thread has a place of its own (thread_number.h), so no lock is needed. What a
 * thread takes belongs to it until it is given back; if nothing is there, the thread makes a new
 * one. Everything is freed with the object that it was made for, whichever thread made it.
 */
#ifndef ENVELOPE_KEPT_H
#define ENVELOPE_KEPT_H

#include <stdatomic.h>

#include "envelope/base/thread_number.h"

enum env_kept_kind {
    ENV_KEPT_HMAC_SHA384,
    ENV_KEPT_HMAC_SHA256,
    ENV_KEPT_GCM,
    ENV_KEPT_EMPTY_GCM, /* without a cipher, for ciphers that are freed after each use */
    ENV_KEPT_EMPTY_AES,
    ENV_KEPT_RANDOM,
    ENV_KEPT_RANDOM_KEYS,
    ENV_KEPT_KINDS,
};

struct env_kept {
    struct {
        _Atomic(void *) things[ENV_KEPT_KINDS];
        char apart[2 * ENV_CACHE_LINE - ENV_KEPT_KINDS * sizeof(void *)];
    } places[ENV_THREAD_NUMBERS];
};

/* Takes what is kept for this thread, or NULL. */
static inline void *env_kept_take(struct env_kept *kept, enum env_kept_kind kind)
{
    return atomic_exchange(&kept->places[env_thread_number()].things[kind], NULL);
}

/* Keeps it. Returns what it has displaced, for the caller to free, or NULL. */
static inline void *env_kept_give(struct env_kept *kept, enum env_kept_kind kind, void *thing)
{
    return atomic_exchange(&kept->places[env_thread_number()].things[kind], thing);
}

#endif
