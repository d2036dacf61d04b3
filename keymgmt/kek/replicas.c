/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/replicas.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/base/fork_gate.h"
#include "keymgmt/kek/describe_kek.h"
#include "keymgmt/kek/raw_kek.h"
#include "keymgmt/kek/replica_group.h"
#include "keymgmt/kek/replica_failover.h"

static struct env_standins *from_base(struct env_kek *kek)
{
    return (struct env_standins *)kek;
}

/* ---- what is done with it ---- */

struct wrapping {
    const uint8_t *dek;
    struct env_wrapped *out;
};

static ENV_RESULT wrap(struct env_token_kek *kek, void *arg, enum env_patience patience,
                       struct env_fault *fault)
{
    const struct wrapping *wrapping = arg;

    return env_token_kek_wrap(kek, wrapping->dek, wrapping->out, patience, fault);
}

static ENV_RESULT unwrap(struct env_token_kek *kek, void *arg, enum env_patience patience,
                         struct env_fault *fault)
{
    return env_token_kek_unwrap(kek, arg, patience, fault);
}

static ENV_RESULT raw_wrap(struct env_token_kek *kek, void *arg, enum env_patience patience,
                           struct env_fault *fault)
{
    return env_token_kek_raw_wrap(kek, arg, patience, fault);
}

static ENV_RESULT raw_unwrap(struct env_token_kek *kek, void *arg, enum env_patience patience,
                             struct env_fault *fault)
{
    return env_token_kek_raw_unwrap(kek, arg, patience, fault);
}

static ENV_RESULT prepare(struct env_token_kek *kek, void *arg, enum env_patience patience,
                          struct env_fault *fault)
{
    (void)arg;
    return env_token_kek_prepare(kek, patience, fault);
}

/* A ciphertext that does not verify is one error, not raised, with no detail. */
static ENV_RESULT finish(struct env_standins *group, ENV_RESULT r, enum env_reason not_authentic,
                         const struct env_fault *fault)
{
    struct env_ring *ring = group->members[0].kek->ring;

    if (env_kek_is_outdated(r, fault))
        env_kek_cache_remove(&ring->cache, &group->base);
    if (r.reason == ENV_R_NOT_AUTHENTIC)
        return ENV_FAIL(not_authentic);
    return env_ok(r) ? r : env_fault_raise(ring->errors, fault);
}

static ENV_RESULT run(struct env_kek *base, const struct env_standin_job *job,
                      enum env_reason not_authentic)
{
    struct env_standins *group = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = env_standins_try(group, job, &fault);
    r = finish(group, r, not_authentic, &fault);
    env_gate_leave();
    return r;
}

static ENV_RESULT group_wrap(struct env_kek *base, const uint8_t dek[ENV_DEK_LEN],
                             struct env_wrapped *out)
{
    struct wrapping wrapping = {dek, out};
    const struct env_standin_job job = {ENV_STANDIN_SEALS, wrap, &wrapping};

    return run(base, &job, ENV_R_NOT_AUTHENTIC);
}

static ENV_RESULT group_unwrap(struct env_kek *base, const struct env_wrapped *wrapped,
                               const struct env_dek_check *check, uint8_t dek[ENV_DEK_LEN])
{
    struct env_unwrapping unwrapping = {wrapped, check, dek};
    const struct env_standin_job job = {ENV_STANDIN_OPENS, unwrap, &unwrapping};

    return run(base, &job, ENV_R_NOT_AUTHENTIC);
}

static ENV_RESULT group_raw_wrap(struct env_kek *base, enum env_raw_wrap alg, const uint8_t *in,
                                 size_t in_len, uint8_t *out, size_t *out_len)
{
    struct env_raw_request request = {alg, in, in_len, out, 0};
    const struct env_standin_job job = {ENV_STANDIN_SEALS_RAW, raw_wrap, &request};
    ENV_RESULT r = run(base, &job, ENV_R_WRAPPED_KEY);

    *out_len = env_ok(r) ? request.out_len : 0;
    return r;
}

static ENV_RESULT group_raw_unwrap(struct env_kek *base, enum env_raw_wrap alg, const uint8_t *in,
                                   size_t in_len, uint8_t *out, size_t *out_len)
{
    struct env_raw_request request = {alg, in, in_len, out, 0};
    const struct env_standin_job job = {ENV_STANDIN_OPENS, raw_unwrap, &request};
    ENV_RESULT r = run(base, &job, ENV_R_WRAPPED_KEY);

    *out_len = env_ok(r) ? request.out_len : 0;
    return r;
}

/* ---- the object ---- */

static void group_up_ref(struct env_kek *base)
{
    (void)atomic_fetch_add(&from_base(base)->refs, 1);
}

static void group_free(struct env_kek *base)
{
    struct env_standins *group = from_base(base);

    if (atomic_fetch_sub(&group->refs, 1) > 1)
        return;
    for (size_t i = 0; i < atomic_load(&group->count); i++) {
        (void)pthread_mutex_destroy(&group->members[i].proving);
        env_kek_free(env_token_kek_base(group->members[i].kek));
    }
    (void)pthread_mutex_destroy(&group->lock);
    free(group);
}

static const struct env_kek_id *group_id(const struct env_kek *base)
{
    return &((const struct env_standins *)base)->members[0].kek->id;
}

static void group_describe(const struct env_kek *base, struct env_kek_facts *facts)
{
    const struct env_standins *group = (const struct env_standins *)base;

    env_token_kek_describe(&group->members[atomic_load(&group->used)].kek->base, facts);
}

static ENV_RESULT group_accept(struct env_kek *base)
{
    struct env_kek *first = &from_base(base)->members[0].kek->base;

    return first->vtable->accept(first);
}

static const struct env_kek_vtable vtable = {
    .up_ref = group_up_ref,
    .free = group_free,
    .id = group_id,
    .wrap = group_wrap,
    .unwrap = group_unwrap,
    .raw_wrap = group_raw_wrap,
    .raw_unwrap = group_raw_unwrap,
    .describe = group_describe,
    .accept = group_accept,
};

static struct env_standins *group_or_null(struct env_kek *kek)
{
    return kek->vtable == &vtable ? from_base(kek) : NULL;
}

static bool is_same_kek(const struct env_kek *base, const void *arg)
{
    const struct env_token_kek *a;
    const struct env_token_kek *b = arg;

    if (base->vtable != &vtable)
        return false;
    a = ((const struct env_standins *)base)->members[0].kek;
    return a->facts.rsa == b->facts.rsa && a->facts.bits == b->facts.bits &&
           a->id.len == b->id.len && memcmp(a->id.bytes, b->id.bytes, a->id.len) == 0;
}

ENV_RESULT env_standins_join(struct env_ring *ring, const struct env_kek_matches *matches,
                             struct env_kek **out, struct env_fault *fault)
{
    struct env_standins *group;

    *out = env_kek_cache_search(&ring->cache, is_same_kek, matches->keks[0]);
    if (*out == NULL) {
        group = calloc(1, sizeof(*group));
        if (group == NULL)
            return env_fault(fault, ENV_R_NO_MEMORY, "%s", matches->keks[0]->where);
        group->base.vtable = &vtable;
        atomic_init(&group->refs, 1);
        (void)pthread_mutex_init(&group->lock, NULL);
        *out = &group->base;
    }
    env_standins_add(from_base(*out), matches);
    return ENV_OK;
}

ENV_RESULT env_standins_prepare(struct env_kek *kek, struct env_fault *fault)
{
    const struct env_standin_job job = {ENV_STANDIN_SEALS, prepare, NULL};
    struct env_standins *group = group_or_null(kek);
    ENV_RESULT r;

    if (group == NULL)
        return env_token_kek_prepare(env_token_kek_from(kek), ENV_PATIENCE_ALL, fault);
    if (atomic_load(&group->prepared))
        return ENV_OK;
    ENV_TRY(env_standins_prove_all(group, fault));
    r = env_standins_try(group, &job, fault);
    if (env_ok(r))
        atomic_store(&group->prepared, true);
    return r;
}

bool env_standins_cover(struct env_kek *group, struct env_kek *key)
{
    struct env_token_kek *kek = env_token_kek_from(key);

    return kek != NULL && is_same_kek(group, kek);
}

bool env_standins_may_open(const struct env_kek *kek)
{
    const struct env_standins *group = (const struct env_standins *)kek;

    if (kek->vtable != &vtable)
        return ((const struct env_token_kek *)kek)->may_open;
    for (size_t i = 0; i < atomic_load(&group->count); i++) {
        if (group->members[i].kek->may_open)
            return true;
    }
    return false;
}

const struct env_token_kek *env_standins_first(const struct env_kek *kek)
{
    return kek->vtable == &vtable ? ((const struct env_standins *)kek)->members[0].kek
                                  : (const struct env_token_kek *)kek;
}
