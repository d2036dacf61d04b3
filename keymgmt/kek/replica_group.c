/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/replica_group.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A copy without dates must not seal when the others are not allowed to. */
static void share_dates(struct env_replica_group *group)
{
    size_t count = atomic_load(&group->count);
    struct env_dates all = {0};

    for (size_t i = 0; i < count; i++) {
        const struct env_dates one = env_kek_dates(group->members[i].kek);

        all = env_dates_both(&all, &one);
    }
    for (size_t i = 0; i < count; i++)
        env_kek_narrow_dates(group->members[i].kek, &all);
}

void env_replicas_add(struct env_replica_group *group, const struct env_kek_matches *matches)
{
    (void)pthread_mutex_lock(&group->lock);
    for (size_t i = 0; i < matches->count; i++) {
        struct env_token_kek *kek = matches->keks[i];
        size_t count = atomic_load(&group->count);
        bool there = count == ENV_REPLICAS_MAX;

        for (size_t j = 0; j < count && !there; j++)
            there = memcmp(&group->members[j].kek->token, &kek->token, sizeof(kek->token)) == 0;
        if (there)
            continue;
        kek->head.base.vtable->up_ref(&kek->head.base);
        group->members[count].kek = kek;
        (void)pthread_mutex_init(&group->members[count].proving, NULL);
        atomic_store(&group->count, count + 1);
    }
    share_dates(group);
    (void)pthread_mutex_unlock(&group->lock);
}

bool env_replicas_complete(struct env_replica_group *group)
{
    uint64_t complete = atomic_load(&group->complete);

    return complete != 0 && complete == env_token_set_epoch(group->head.token_set);
}

bool env_replicas_search(struct env_replica_group *group, struct env_error_detail *detail)
{
    struct env_kek_matches *matches;
    struct env_token_kek *known[ENV_REPLICAS_MAX];
    size_t count = atomic_load(&group->count);
    bool all = false;

    if (!env_token_set_has_tokens(group->head.token_set) ||
        (matches = malloc(sizeof(*matches))) == NULL)
        return true;
    for (size_t i = 0; i < count; i++)
        known[i] = group->members[i].kek;
    if (env_ok(env_search_replicas(group->head.token_set, known, count, matches, detail))) {
        all = !matches->failed;
        if (!all)
            *detail = matches->failure;
        env_replicas_add(group, matches);
        atomic_store(&group->complete, matches->unsearched ? 0 : matches->epoch);
        env_kek_matches_clear(matches);
    }
    free(matches);
    return all;
}
