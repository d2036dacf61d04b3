/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals in the audit log. */
#include <stdio.h>

#include "envelope/base/clock.h"
#include "envelope/named/store_inside.h"

static void record(const struct env_store *store, const struct env_refusal_line *line)
{
    const struct env_audit_use use = {
        .operation = ENV_AUDIT_OPEN,
        .named_key = line->named_key[0] != '\0' ? line->named_key : NULL,
        .count = line->count,
    };
    char why[512];

    (void)env_audit_write(store->context->keyring->audit, &use, ENV_FAIL(line->reason), why,
                          sizeof(why));
}

void env_store_record_refusal(struct env_store *store, const char *named_key,
                              const char *application, enum env_reason reason)
{
    struct env_refusal_line lines[2];
    size_t count;

    (void)pthread_mutex_lock(&store->lock);
    count = env_refusals_note(&store->refusals, reason, named_key, env_clock_ms(), lines);
    (void)pthread_mutex_unlock(&store->lock);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count && lines[i].count == 1)
            env_store_record(store, ENV_AUDIT_OPEN, named_key, application, reason);
        else
            record(store, &lines[i]);
    }
}

void env_store_besides(struct env_store *store, char text[ENV_STORE_BESIDES])
{
    size_t count = 0;

    (void)pthread_mutex_lock(&store->lock);
    for (size_t i = 0; store->index != NULL && i < store->index->count; i++)
        count += store->index->entries[i]->clear == NULL ? 1 : 0;
    (void)pthread_mutex_unlock(&store->lock);
    text[0] = '\0';
    if (count > 0)
        (void)snprintf(text, ENV_STORE_BESIDES,
                       "key files that cannot be used: %zu (envelope check says which)", count);
}

void env_store_record_rest(struct env_store *store)
{
    struct env_refusal_line line;
    bool more;

    do {
        (void)pthread_mutex_lock(&store->lock);
        more = env_refusals_rest(&store->refusals, env_clock_ms(), &line);
        (void)pthread_mutex_unlock(&store->lock);
        if (more)
            record(store, &line);
    } while (more);
}
