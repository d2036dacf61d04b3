/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/single_kek.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "keymgmt/kek/describe_kek.h"
#include "keymgmt/kek/kek_calls.h"
#include "keymgmt/kek/may_open.h"
#include "keymgmt/token/policy.h"
#include "keymgmt/wrap/rsa_public.h"

static struct env_token_kek *from_base(struct env_kek *kek)
{
    return (struct env_token_kek *)kek;
}

static void kek_free(struct env_kek *base)
{
    struct env_token_kek *kek = from_base(base);
    struct env_token_set *token_set = kek->head.token_set;

    if (atomic_fetch_sub(&kek->head.refs, 1) > 1)
        return;
    env_back_off_clear(&kek->head.back_off);
    (void)pthread_mutex_destroy(&kek->place_lock);
    (void)pthread_mutex_destroy(&kek->prepare_lock);
    env_token_ivs_clear(&kek->ivs);
    env_rsa_public_free(kek->public_half);
    free(kek);
    env_token_set_unref(token_set);
}

static const struct env_kek_id *kek_id(const struct env_kek *base)
{
    return &((const struct env_token_kek *)base)->id;
}

struct env_token_kek *env_token_kek_from(struct env_kek *base)
{
    return base->vtable->free == kek_free ? from_base(base) : NULL;
}

bool env_token_kek_is(const struct env_kek *base, const void *arg)
{
    const struct env_token_kek *kek = (const struct env_token_kek *)base;
    const struct env_kek_identity *identity = arg;
    const struct env_key_attributes *key = identity->key;

    return base->vtable->free == kek_free &&
           memcmp(&kek->token, &identity->token->name, sizeof(kek->token)) == 0 &&
           env_key_same_reference(&kek->attributes, key) &&
           (!key->rsa || env_key_same_public(&kek->attributes, key)) &&
           kek->attributes.label_len == key->label_len &&
           memcmp(kek->attributes.label, key->label, key->label_len) == 0;
}

static ENV_RESULT kek_perform(struct env_kek_head *head, struct env_kek_operation *operation)
{
    struct env_token_kek *kek = (struct env_token_kek *)head;
    ENV_RESULT r;

    operation->patience = ENV_PATIENCE_ALL;
    r = operation->run(kek, operation);
    if (env_kek_is_outdated(r, operation->detail)) {
        env_kek_forget_place(kek);
        if (r.reason == ENV_R_KEK_USAGE)
            env_token_set_forget_mechanisms(head->token_set);
    }
    return r;
}

static ENV_RESULT kek_accept(struct env_kek *base)
{
    const struct env_token_kek *kek = from_base(base);
    enum env_reason reason = env_policy_refusal(kek->head.token_set->config, &kek->attributes);

    if (reason != ENV_R_NONE)
        env_kek_cache_remove(&kek->head.token_set->cache, base); /* so that a fix takes effect */
    return reason == ENV_R_NONE ? ENV_OK
                                : ENV_RAISE(kek->head.token_set->errors, reason, "%s", kek->where);
}

static bool kek_can_unwrap(const struct env_kek *base)
{
    return env_may_open_refusal((const struct env_token_kek *)base) == ENV_R_NONE;
}

static const struct env_kek_vtable vtable = {
    .up_ref = env_kek_calls_up_ref,
    .free = kek_free,
    .id = kek_id,
    .wrap = env_kek_calls_wrap,
    .unwrap = env_kek_calls_unwrap,
    .can_unwrap = kek_can_unwrap,
    .key_wrap = env_kek_calls_key_wrap,
    .key_unwrap = env_kek_calls_key_unwrap,
    .describe = env_token_kek_describe,
    .accept = kek_accept,
};

ENV_RESULT env_token_kek_new(struct env_token_set *token_set, struct env_token *token,
                             const struct env_key_attributes *key, uint64_t epoch,
                             struct env_token_kek **out, struct env_error_detail *detail)
{
    struct env_token_kek *kek;
    unsigned uses;
    ENV_RESULT r;

    ENV_TRY(env_kek_uses(token, key, &uses, detail));
    kek = calloc(1, sizeof(*kek));
    if (kek == NULL)
        return env_error_detail(detail, ENV_R_NO_MEMORY, "%s", token->where);
    kek->head.base.vtable = &vtable;
    kek->head.token_set = token_set;
    kek->head.perform = kek_perform;
    kek->head.seals_without_token = key->rsa;
    env_back_off_init(&kek->head.back_off);
    atomic_init(&kek->head.refs, 1);
    env_token_set_up_ref(token_set);
    kek->token = token->name;
    kek->module = (size_t)(token->module - token_set->tokens->modules.list);
    atomic_init(&kek->found, 1);
    if (key->id.len <= ENV_KEK_ID_MAX) /* a longer id is refused by the policy */
        kek->id = key->id;
    kek->attributes = *key;
    kek->dates = key->dates;
    kek->first_uses = uses;
    env_key_described(kek->where, sizeof(kek->where), key, token);
    (void)pthread_mutex_init(&kek->place_lock, NULL);
    (void)pthread_mutex_init(&kek->prepare_lock, NULL);
    env_token_ivs_init(&kek->ivs);
    kek->place = (struct env_place){
        .epoch = epoch, .handle = key->handle, .uses = uses, .always = key->always_authenticate};
    r = env_may_open_judge(token, kek, detail);
    if (env_ok(r))
        *out = kek;
    else
        kek_free(env_token_kek_base(kek));
    return r;
}
