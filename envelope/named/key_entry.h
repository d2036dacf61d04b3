/* SPDX-License-Identifier: Apache-2.0 */
/* What the store knows of one key file, and the key once it is open. */
#ifndef ENVELOPE_KEY_ENTRY_H
#define ENVELOPE_KEY_ENTRY_H

#include <stdatomic.h>

#include "envelope/named/folder.h"
#include "envelope/named/key_file.h"
#include "envelope/named/named_keys.h"

/* Identifies the state of a file or folder: it differs once the file has changed. */
struct env_file_seen {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
    struct timespec ctime;
};

struct env_file_seen env_file_seen(const struct stat *st);
bool env_file_seen_same(const struct env_file_seen *a, const struct env_file_seen *b);

/* ---- an open key ---- */

/* Each reference holds the key; releasing the last one wipes it. */
struct env_open_key {
    struct env_named_ref ref; /* what callers get */
    atomic_uint references;
    _Atomic(uint64_t) seals; /* sealed by this process under stock names */
    struct env_named_clear clear;
    struct env_named_sealed *sealed; /* in secret memory, on pages of its own */
    struct env_field_key *field;     /* also in secret memory, for fields keys and tenant keys */
};

/* Opens the file, with one use of a KEK. */
ENV_RESULT env_open_key_new(const struct env_dek_context *context, const struct env_key_file *file,
                            bool by_rsa, struct env_open_key **out);
struct env_open_key *env_open_key_up_ref(struct env_open_key *key);
void env_open_key_free(struct env_open_key *key);
struct env_open_key *env_open_key_of(const struct env_named_ref *ref);

/* ---- a file ---- */

/* The upper half never changes: a changed file gets another entry. */
struct env_key_entry {
    atomic_uint references;
    char name[ENV_NAMED_NAME_MAX + 1];
    uint32_t number;
    char full_name[ENV_NAMED_FULL_NAME];
    struct env_file_seen seen;
    struct env_named_clear *clear; /* NULL: the file could not be read ... */
    enum env_reason unreadable;    /* ... for this reason */
    env_uses uses;
    uint8_t fingerprint[ENV_FINGERPRINT_LEN];
    uint8_t said[ENV_FINGERPRINT_LEN];
    /* with the store's lock: */
    struct env_open_key *open; /* or NULL */
    bool stale;                /* it was opened from the file before that changed */
    bool opening;              /* a thread is opening it */
    unsigned failures;         /* since the last success */
    int64_t retry_at;          /* nobody tries before then */
    enum env_reason why;       /* the reason of the last failure */
};

/* file NULL: it could not be read, for this reason. Returns NULL if there is no memory. */
struct env_key_entry *env_key_entry_new(const struct env_key_name *name,
                                        const struct env_key_file *file,
                                        const struct env_file_seen *seen,
                                        enum env_reason unreadable);
struct env_key_entry *env_key_entry_up_ref(struct env_key_entry *entry);
void env_key_entry_free(struct env_key_entry *entry);

#endif
