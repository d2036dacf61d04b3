/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/key_entry.h"

#include <openssl/crypto.h>
#include <string.h>

#include "envelope/base/secret.h"

struct env_file_seen env_file_seen(const struct stat *st)
{
    return (struct env_file_seen){st->st_dev, st->st_ino, st->st_size, st->st_mtim, st->st_ctim};
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool env_file_seen_same(const struct env_file_seen *a, const struct env_file_seen *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           same_time(&a->mtime, &b->mtime) && same_time(&a->ctime, &b->ctime);
}

/* ---- an open key ---- */

static ENV_RESULT derive_field_key(const struct env_crypto *crypto, struct env_open_key *key)
{
    key->field = env_secret_alloc(sizeof(*key->field));
    key->ref.field = key->field;
    return key->field != NULL ? env_field_key_set(crypto, key->ref.key, key->field)
                              : ENV_FAIL(ENV_R_NO_MEMORY);
}

static ENV_RESULT open_into(const struct env_dek_context *context, const struct env_key_file *file,
                            bool by_rsa, struct env_open_key *key)
{
    struct env_named_sealed *sealed = key->sealed;
    struct env_span bytes;

    ENV_TRY(env_named_open(context, file, by_rsa, sealed));
    bytes = (struct env_span){sealed->key, sealed->key_len};
    key->clear = file->clear;
    key->ref.key = bytes;
    key->ref.clear = &key->clear;
    key->ref.uses = file->uses;
    memcpy(key->ref.id, file->clear.id, ENV_NAMED_ID_LEN);
    ENV_TRY(env_named_field_id(context->crypto, bytes, key->ref.field_id));
    return env_uses_are_fields(file->uses) ? derive_field_key(context->crypto, key) : ENV_OK;
}

ENV_RESULT env_open_key_new(const struct env_dek_context *context, const struct env_key_file *file,
                            bool by_rsa, struct env_open_key **out)
{
    struct env_open_key *key = OPENSSL_zalloc(sizeof(*key));
    ENV_RESULT r = ENV_FAIL(ENV_R_NO_MEMORY);

    if (key == NULL)
        return r;
    atomic_init(&key->references, 1);
    key->sealed = env_secret_alloc(sizeof(*key->sealed));
    if (key->sealed != NULL)
        r = open_into(context, file, by_rsa, key);
    if (env_ok(r))
        *out = key;
    else
        env_open_key_free(key);
    return r;
}

struct env_open_key *env_open_key_up_ref(struct env_open_key *key)
{
    if (key != NULL)
        atomic_fetch_add(&key->references, 1);
    return key;
}

void env_open_key_free(struct env_open_key *key)
{
    if (key == NULL || atomic_fetch_sub(&key->references, 1) != 1)
        return;
    env_secret_free(key->sealed, sizeof(*key->sealed));
    env_secret_free(key->field, sizeof(*key->field));
    OPENSSL_free(key);
}

struct env_open_key *env_open_key_of(const struct env_named_ref *ref)
{
    return (struct env_open_key *)(void *)(uintptr_t)ref; /* its first member */
}

/* ---- a file ---- */

struct env_key_entry *env_key_entry_new(const struct env_key_name *name,
                                        const struct env_key_file *file,
                                        const struct env_file_seen *seen,
                                        enum env_reason unreadable)
{
    struct env_key_entry *entry = OPENSSL_zalloc(sizeof(*entry));

    if (entry == NULL)
        return NULL;
    atomic_init(&entry->references, 1);
    memcpy(entry->name, name->name, sizeof(entry->name));
    entry->number = name->number;
    env_named_full_name(entry->name, entry->number, entry->full_name);
    entry->seen = *seen;
    entry->unreadable = unreadable;
    if (file == NULL)
        return entry;
    entry->clear = OPENSSL_memdup(&file->clear, sizeof(file->clear));
    if (entry->clear == NULL) {
        env_key_entry_free(entry);
        return NULL;
    }
    entry->uses = file->uses;
    memcpy(entry->fingerprint, file->fingerprint, sizeof(entry->fingerprint));
    memcpy(entry->said, file->said, sizeof(entry->said));
    return entry;
}

struct env_key_entry *env_key_entry_up_ref(struct env_key_entry *entry)
{
    atomic_fetch_add(&entry->references, 1);
    return entry;
}

void env_key_entry_free(struct env_key_entry *entry)
{
    if (entry == NULL || atomic_fetch_sub(&entry->references, 1) != 1)
        return;
    env_open_key_free(entry->open);
    OPENSSL_free(entry->clear);
    OPENSSL_free(entry);
}
