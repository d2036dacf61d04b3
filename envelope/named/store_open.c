/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a key: in one thread, once, and after a failure again only after a pause. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "envelope/base/clock.h"
#include "envelope/named/store_inside.h"

#define LONGEST_WAIT 30u /* seconds between attempts; starts at 1, and doubles */

void env_store_record(const struct env_store *store, enum env_audit_operation operation,
                      const char *named_key, const char *application, enum env_reason reason)
{
    const struct env_audit_use use = {
        .operation = operation, .named_key = named_key, .application = application};
    char why[512];

    (void)env_audit_write(store->context->keyring->audit, &use,
                          reason == ENV_R_NONE ? ENV_OK : ENV_FAIL(reason), why, sizeof(why));
}

void env_store_count_seal(const struct env_store *store, const struct env_named_wish *wish,
                          struct env_open_key *key)
{
    const struct env_use *use = env_use(wish->use);
    struct env_audit_use line = {.operation = ENV_AUDIT_SEAL_COUNT};
    char name[ENV_NAMED_FULL_NAME];
    char why[512];

    if (!wish->seals || use == NULL || use->kind != ENV_USE_AUTHENTICATED)
        return;
    line.count = atomic_fetch_add(&key->seals, 1) + 1;
    if (line.count < ENV_STORE_SEALS_TOLD || (line.count & (line.count - 1)) != 0)
        return;
    (void)snprintf(name, sizeof(name), "%s@%" PRIu32, key->clear.name, key->clear.number);
    line.named_key = name;
    (void)env_audit_write(store->context->keyring->audit, &line, ENV_OK, why, sizeof(why));
}

/* Whether the log has no line for it yet: no KEK was used, or the KEK was not the cause. */
static bool is_untold(enum env_reason reason)
{
    switch (reason) {
    case ENV_R_KEYS_FOLDER:
    case ENV_R_FILE_FAILED:
    case ENV_R_KEY_FILE_BAD:
    case ENV_R_KEY_BY_RSA:
    case ENV_R_KEK_NOT_HERE:
        return true;
    default:
        return false;
    }
}

static ENV_RESULT open_file(struct env_store *store, int folder, const struct env_key_entry *entry,
                            const char *application, struct env_open_key **out)
{
    const struct env_audit_subject subject = {ENV_AUDIT_OPEN, entry->full_name, application};
    struct env_dek_context context = *store->context;
    struct env_key_file *file = NULL;
    ENV_RESULT r;

    context.subject = &subject;
    context.message_id = NULL;
    context.opened_by = NULL;
    ENV_TRY(env_key_file_read(context.errors, context.crypto, folder, entry->name, entry->number,
                              &file));
    r = env_open_key_new(&context, file, store->config->keys_by_rsa_on, out);
    env_key_file_free(file);
    return r;
}

/* Reads the file again: it may have changed. */
static ENV_RESULT open_now(struct env_store *store, const struct env_key_entry *entry,
                           const char *application, struct env_open_key **out)
{
    const struct env_errors *errors = store->context->errors;
    struct stat st;
    ENV_RESULT r;
    int folder;

    r = env_key_folder_open(errors, store->config->keys_directory, &folder, &st);
    if (env_ok(r)) {
        r = open_file(store, folder, entry, application, out);
        (void)close(folder);
    }
    if (is_untold(r.reason))
        env_store_record(store, ENV_AUDIT_OPEN, entry->full_name, application, r.reason);
    return r;
}

/* Called with the lock. Takes over key. */
static void end_opening(struct env_store *store, struct env_key_entry *entry, ENV_RESULT r,
                        struct env_open_key *key)
{
    entry->opening = false;
    (void)pthread_cond_broadcast(&store->changed);
    if (env_ok(r)) {
        if (entry->open != NULL)
            atomic_store(&key->seals, atomic_load(&entry->open->seals));
        env_open_key_free(entry->open);
        entry->open = key;
        entry->stale = false;
        entry->failures = 0;
        return;
    }
    if (r.reason == ENV_R_NO_MEMORY) /* the cause may be gone the next time */
        return;
    entry->why = r.reason;
    entry->retry_at =
        env_clock_ms() + ENV_STORE_MILLISECONDS * (entry->failures < 5 ? 1LL << entry->failures
                                                                       : (long long)LONGEST_WAIT);
    entry->failures += entry->failures < 5 ? 1 : 0;
}

/* Called with the lock, which it releases meanwhile. */
static ENV_RESULT try_now(struct env_store *store, struct env_key_entry *entry,
                          const char *application)
{
    struct env_open_key *key = NULL;
    ENV_RESULT r;

    entry->opening = true;
    (void)pthread_mutex_unlock(&store->lock);
    r = open_now(store, entry, application, &key);
    (void)pthread_mutex_lock(&store->lock);
    end_opening(store, entry, r, key);
    return r;
}

ENV_RESULT env_store_open(struct env_store *store, struct env_key_entry *entry,
                          const char *application, struct env_open_key **out)
{
    enum env_reason away = ENV_R_NONE;
    ENV_RESULT r = ENV_OK;

    (void)pthread_mutex_lock(&store->lock);
    while (entry->open == NULL && entry->opening && entry->failures == 0)
        (void)pthread_cond_wait(&store->changed, &store->lock);
    if (entry->open == NULL &&
        (entry->opening || (entry->failures > 0 && env_clock_ms() < entry->retry_at)))
        away = entry->why;
    else if (entry->open == NULL)
        r = try_now(store, entry, application);
    if (env_ok(r) && away == ENV_R_NONE)
        *out = env_open_key_up_ref(entry->open);
    (void)pthread_mutex_unlock(&store->lock);
    if (away != ENV_R_NONE)
        return ENV_RAISE(store->context->errors, ENV_R_KEY_AWAY, "%s: %s", entry->full_name,
                         env_reason_text(away));
    return r;
}

void env_store_reopen(struct env_store *store, struct env_key_entry *entry)
{
    (void)pthread_mutex_lock(&store->lock);
    if (entry->stale && !entry->opening)
        (void)try_now(store, entry, NULL);
    (void)pthread_mutex_unlock(&store->lock);
}
