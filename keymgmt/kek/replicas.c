/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/replicas.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "keymgmt/kek/describe_kek.h"
#include "keymgmt/kek/kek_calls.h"
#include "keymgmt/kek/may_open.h"
#include "keymgmt/kek/replica_failover.h"
#include "keymgmt/kek/replica_proof.h"
#include "keymgmt/kek/seals_today.h"
#include "keymgmt/kek/self_test.h"

static struct env_replica_group *from_base(struct env_kek *kek)
{
    return (struct env_replica_group *)kek;
}

static void group_free(struct env_kek *base)
{
    struct env_replica_group *group = from_base(base);

    if (atomic_fetch_sub(&group->head.refs, 1) > 1)
        return;
    for (size_t i = 0; i < atomic_load(&group->count); i++) {
        (void)pthread_mutex_destroy(&group->members[i].proving);
        env_kek_free(env_token_kek_base(group->members[i].kek));
    }
    env_back_off_clear(&group->head.back_off);
    (void)pthread_mutex_destroy(&group->lock);
    free(group);
}

static const struct env_kek_id *group_id(const struct env_kek *base)
{
    return &((const struct env_replica_group *)base)->members[0].kek->id;
}

static void group_describe(const struct env_kek *base, struct env_kek_info *info)
{
    const struct env_replica_group *group = (const struct env_replica_group *)base;

    env_token_kek_describe(&group->members[atomic_load(&group->used)].kek->head.base, info);
}

static ENV_RESULT group_accept(struct env_kek *base)
{
    struct env_kek *first = &from_base(base)->members[0].kek->head.base;

    return first->vtable->accept(first);
}

static bool group_can_unwrap(const struct env_kek *base)
{
    return env_replicas_refusal(base) == ENV_R_NONE;
}

static const struct env_kek_vtable vtable = {
    .up_ref = env_kek_calls_up_ref,
    .free = group_free,
    .id = group_id,
    .wrap = env_kek_calls_wrap,
    .unwrap = env_kek_calls_unwrap,
    .can_unwrap = group_can_unwrap,
    .key_wrap = env_kek_calls_key_wrap,
    .key_unwrap = env_kek_calls_key_unwrap,
    .describe = group_describe,
    .accept = group_accept,
};

static struct env_replica_group *group_or_null(struct env_kek *kek)
{
    return kek->vtable == &vtable ? from_base(kek) : NULL;
}

static bool is_same_kek(const struct env_kek *base, const void *arg)
{
    const struct env_token_kek *a;
    const struct env_token_kek *b = arg;

    if (base->vtable != &vtable)
        return false;
    a = ((const struct env_replica_group *)base)->members[0].kek;
    return env_key_same_reference(&a->attributes, &b->attributes);
}

ENV_RESULT env_replicas_join(struct env_token_set *token_set, const struct env_kek_matches *matches,
                             struct env_kek **out, struct env_error_detail *detail)
{
    struct env_replica_group *group;

    *out = env_kek_cache_search(&token_set->cache, is_same_kek, matches->keks[0]);
    if (*out == NULL) {
        group = calloc(1, sizeof(*group));
        if (group == NULL)
            return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", matches->keks[0]->where);
        group->head.base.vtable = &vtable;
        group->head.token_set = token_set;
        group->head.perform = env_replicas_try;
        group->head.seals_without_token = matches->keks[0]->attributes.rsa;
        env_back_off_init(&group->head.back_off);
        atomic_init(&group->head.refs, 1);
        (void)pthread_mutex_init(&group->lock, NULL);
        *out = &group->head.base;
    }
    env_replicas_add(from_base(*out), matches);
    return ENV_OK;
}

/*
 * Failures of some members are reported only if no member is left. Two different keys are always an
 * error: KEK_DIFFERS.
 */
static ENV_RESULT prove_all(struct env_replica_group *group, struct env_error_detail *detail)
{
    struct env_kek_operation proving = {
        .purpose = ENV_KEK_SEALS, .patience = ENV_PATIENCE_QUICK, .detail = detail};

    if (!env_replicas_complete(group))
        (void)env_replicas_search(group, detail);
    for (size_t i = 0; atomic_load(&group->count) > 1 && i < atomic_load(&group->count); i++) {
        ENV_RESULT r = env_replica_prove(group, &group->members[i], &proving);

        if (r.reason == ENV_R_KEK_DIFFERS)
            return r;
    }
    return ENV_OK;
}

static ENV_RESULT one_may_seal(struct env_replica_group *group, struct env_error_detail *detail)
{
    ENV_RESULT r = ENV_FAIL(ENV_R_INTERNAL);

    for (size_t i = atomic_load(&group->count); i-- > 0;) {
        r = env_kek_may_seal_now(group->members[i].kek, detail);
        if (env_ok(r))
            return r;
    }
    return r;
}

/* One replica is enough: members that may not seal are skipped. */
static ENV_RESULT may_seal(struct env_kek *kek, struct env_error_detail *detail)
{
    struct env_replica_group *group = group_or_null(kek);
    struct env_error_detail ignored;
    ENV_RESULT r;

    if (group == NULL)
        return env_kek_may_seal_now(env_token_kek_from(kek), detail);
    r = one_may_seal(group, detail);
    if (env_ok(r) || env_replicas_complete(group))
        return r;
    (void)env_replicas_search(group, &ignored);
    return one_may_seal(group, detail);
}

ENV_RESULT env_replicas_prepare(struct env_kek *kek, struct env_error_detail *detail)
{
    struct env_kek_operation preparing = {.purpose = ENV_KEK_SEALS,
                                          .run = env_token_kek_prepare,
                                          .patience = ENV_PATIENCE_ALL,
                                          .detail = detail};
    struct env_replica_group *group = group_or_null(kek);
    ENV_RESULT r;

    ENV_TRY(may_seal(kek, detail));
    if (group == NULL)
        return env_token_kek_prepare(env_token_kek_from(kek), &preparing);
    if (atomic_load(&group->prepared))
        return ENV_OK;
    ENV_TRY(prove_all(group, detail));
    r = env_replicas_try(&group->head, &preparing);
    if (env_ok(r))
        atomic_store(&group->prepared, true);
    return r;
}

ENV_RESULT env_replicas_are_newest(struct env_kek *kek, struct env_error_detail *detail)
{
    struct env_replica_group *group = group_or_null(kek);

    ENV_TRY(
        env_kek_has_begun(group != NULL ? group->members[0].kek : env_token_kek_from(kek), detail));
    return may_seal(kek, detail);
}

bool env_replicas_cover(struct env_kek *group, struct env_kek *key)
{
    struct env_token_kek *kek = env_token_kek_from(key);

    return kek != NULL && is_same_kek(group, kek);
}

static enum env_reason group_refusal(const struct env_replica_group *group)
{
    enum env_reason first = env_may_open_refusal(group->members[0].kek);

    for (size_t i = 0; i < atomic_load(&group->count); i++) {
        if (env_may_open_refusal(group->members[i].kek) == ENV_R_NONE)
            return ENV_R_NONE;
    }
    return first;
}

enum env_reason env_replicas_refusal(const struct env_kek *kek)
{
    return kek->vtable == &vtable ? group_refusal((const struct env_replica_group *)kek)
                                  : env_may_open_refusal((const struct env_token_kek *)kek);
}

void env_replicas_settle(struct env_kek *kek)
{
    struct env_replica_group *group = group_or_null(kek);
    struct env_error_detail ignored; /* a problem is reported when the key is used */

    if (group == NULL)
        (void)env_may_open_settle(env_token_kek_from(kek), &ignored);
    for (size_t i = 0; group != NULL && i < atomic_load(&group->count); i++)
        (void)env_may_open_settle(group->members[i].kek, &ignored);
}

enum env_reason env_replicas_refusal_of_all(struct env_kek *kek)
{
    struct env_replica_group *group = group_or_null(kek);
    struct env_error_detail ignored;

    if (group != NULL && !env_replicas_complete(group)) {
        (void)env_replicas_search(group, &ignored);
        env_replicas_settle(kek);
    }
    return env_replicas_refusal(kek);
}

const struct env_token_kek *env_replicas_first(const struct env_kek *kek)
{
    return kek->vtable == &vtable ? ((const struct env_replica_group *)kek)->members[0].kek
                                  : (const struct env_token_kek *)kek;
}
