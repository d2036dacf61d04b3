/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/token_kek.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/message/audit.h"
#include "envelope/base/fork_gate.h"
#include "keymgmt/kek/describe_kek.h"
#include "keymgmt/kek/kek_operation.h"
#include "keymgmt/token/policy.h"
#include "keymgmt/kek/raw_kek.h"
#include "keymgmt/kek/rsa_kek.h"
#include "keymgmt/wrap/wrap_rsa.h"

static struct env_token_kek *from_base(struct env_kek *kek)
{
    return (struct env_token_kek *)kek;
}

struct wrapping {
    struct env_aes_method method;
    const uint8_t *dek;
    struct env_wrapped *out;
    _Atomic bool *token_nonces;
};

static ENV_RESULT wrap_operation(struct env_key_use *use, void *arg)
{
    const struct wrapping *wrapping = arg;
    ENV_RESULT r = env_aes_wrap(use, wrapping->method, wrapping->dek, wrapping->out);

    if (use->token_nonce)
        atomic_store(wrapping->token_nonces, true);
    return r;
}

/* *refused: the token does not do it in this way after all, so that another may be tried. */
static ENV_RESULT self_test(struct env_token_kek *kek, struct env_aes_method method,
                            enum env_patience patience, struct env_sample *sample, bool *refused,
                            struct env_fault *fault)
{
    uint8_t back[ENV_DEK_LEN] = {0};
    struct wrapping wrapping = {method, sample->secret, &sample->wrapped, &kek->token_nonces};
    struct env_unwrapping unwrapping = {.wrapped = &sample->wrapped, .dek = back};
    bool opens = env_aes_can_open(env_kek_place(kek).uses, method.family);
    ENV_RESULT r;

    *refused = false;
    if (RAND_bytes(sample->secret, sizeof(sample->secret)) != 1)
        return env_fault(fault, ENV_R_RANDOM_FAILED, "%s", kek->where);
    r = env_kek_perform(kek, patience, wrap_operation, &wrapping, fault);
    if (env_ok(r) && opens)
        r = env_kek_perform(kek, patience, env_aes_unwrap, &unwrapping, fault);
    *refused = !env_ok(r) && env_ckr_mechanism_unusable(fault->rv);
    if (r.reason == ENV_R_NOT_AUTHENTIC)
        return env_fault(fault, ENV_R_KEK_SELF_TEST, "%s: %s", kek->where, env_ckr_name(fault->rv));
    if (env_ok(r) && opens && CRYPTO_memcmp(sample->secret, back, sizeof(back)) != 0)
        return env_fault(fault, ENV_R_KEK_SELF_TEST, "%s: other bytes came back", kek->where);
    return r;
}

/* With prepare_lock. Finds the first way that works; what it wrapped becomes the sample. */
static ENV_RESULT choose(struct env_token_kek *kek, enum env_wrap_choice choice,
                         enum env_patience patience, struct env_aes_method *chosen,
                         struct env_fault *fault)
{
    struct env_aes_method methods[ENV_AES_METHODS_MAX];
    size_t count = env_aes_sealing_methods(env_kek_place(kek).uses, choice, methods);
    struct env_sample sample;
    unsigned found = atomic_load(&kek->found);
    ENV_RESULT r;

    if (count == 0)
        return env_aes_usage_fault(choice, &kek->facts, kek->where, fault);
    for (size_t i = 0;; i++) {
        bool refused;
        struct env_fault last;

        r = self_test(kek, methods[i], patience, &sample, &refused, fault);
        if (env_ok(r)) {
            *chosen = methods[i];
            break;
        }
        if (!refused)
            return r;
        if (i + 1 == count) {
            last = *fault;
            return env_fault(fault, ENV_R_KEK_USAGE, "%.*s", (int)sizeof(last.text) - 1, last.text);
        }
    }
    if (!atomic_load(&kek->has_sample)) {
        kek->sample = sample;
        kek->sample.found = found;
        atomic_store(&kek->has_sample, true);
    }
    return r;
}

static ENV_RESULT record_self_test(struct env_token_kek *kek, ENV_RESULT r, struct env_fault *fault)
{
    const struct env_audit_use use = {ENV_AUDIT_SELF_TEST, &kek->base, NULL, NULL};
    char why[ENV_FAULT_TEXT];

    if (!env_ok(r))
        r.ckr = fault->rv;
    if (env_audit_write(kek->ring->base.audit, &use, r, why, sizeof(why)))
        return r;
    return env_fault(fault, ENV_R_AUDIT_FAILED, "%s", why);
}

ENV_RESULT env_token_kek_prepare(struct env_token_kek *kek, enum env_patience patience,
                                 struct env_fault *fault)
{
    ENV_RESULT r = ENV_OK;

    if (atomic_load(&kek->prepared))
        return r;
    (void)pthread_mutex_lock(&kek->prepare_lock);
    if (!atomic_load(&kek->prepared)) {
        r = kek->facts.rsa
                ? env_rsa_kek_choose(kek, patience, fault)
                : choose(kek, kek->ring->config->wrap_choice, patience, &kek->sealing, fault);
        r = record_self_test(kek, r, fault);
        atomic_store(&kek->prepared, env_ok(r));
    }
    (void)pthread_mutex_unlock(&kek->prepare_lock);
    return r;
}

ENV_RESULT env_token_kek_test(struct env_token_kek *kek, enum env_wrap_choice choice,
                              enum env_patience patience, struct env_fault *fault)
{
    struct env_aes_method any;
    ENV_RESULT r;

    (void)pthread_mutex_lock(&kek->prepare_lock);
    r = choose(kek, choice, patience, &any, fault);
    (void)pthread_mutex_unlock(&kek->prepare_lock);
    return r;
}

ENV_RESULT env_token_kek_sample(struct env_token_kek *kek, enum env_patience patience,
                                struct env_fault *fault)
{
    /* two threads at once: the sample of the first stays */
    if (atomic_load(&kek->has_sample))
        return ENV_OK;
    return env_token_kek_test(kek, ENV_WRAP_CHOICE_AUTO, patience, fault);
}

ENV_RESULT env_token_kek_wrap(struct env_token_kek *kek, const uint8_t dek[ENV_DEK_LEN],
                              struct env_wrapped *out, enum env_patience patience,
                              struct env_fault *fault)
{
    struct wrapping wrapping = {{0}, dek, out, &kek->token_nonces};

    ENV_TRY(env_token_kek_prepare(kek, patience, fault));
    if (kek->facts.rsa)
        return env_rsa_kek_wrap(kek, dek, out, fault);
    wrapping.method = kek->sealing;
    return env_kek_perform(kek, patience, wrap_operation, &wrapping, fault);
}

ENV_RESULT env_token_kek_unwrap(struct env_token_kek *kek, struct env_unwrapping *unwrapping,
                                enum env_patience patience, struct env_fault *fault)
{
    if (!kek->facts.rsa)
        return env_kek_perform(kek, patience, env_aes_unwrap, unwrapping, fault);
    if (!env_rsa_may_be_wrapped(&kek->facts, unwrapping->wrapped))
        return env_fault(fault, ENV_R_NOT_AUTHENTIC, "%s", "");
    return env_kek_perform(kek, patience, env_rsa_unwrap, unwrapping, fault);
}

ENV_RESULT env_kek_finish(struct env_token_kek *kek, ENV_RESULT r, const struct env_fault *fault)
{
    if (env_kek_is_outdated(r, fault)) {
        env_kek_cache_remove(&kek->ring->cache, &kek->base);
        env_kek_forget_place(kek);
        if (r.reason == ENV_R_KEK_USAGE)
            env_ring_forget_mechanisms(kek->ring);
    }
    if (env_ok(r) || r.reason == ENV_R_NOT_AUTHENTIC)
        return ENV_FAIL(r.reason);
    return env_fault_raise(kek->ring->errors, fault);
}

static ENV_RESULT kek_wrap(struct env_kek *base, const uint8_t dek[ENV_DEK_LEN],
                           struct env_wrapped *out)
{
    struct env_token_kek *kek = from_base(base);
    struct env_fault fault;
    ENV_RESULT r;

    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = env_token_kek_wrap(kek, dek, out, ENV_PATIENCE_ALL, &fault);
    r = env_kek_finish(kek, r, &fault);
    env_gate_leave();
    return r;
}

static ENV_RESULT kek_unwrap(struct env_kek *base, const struct env_wrapped *wrapped,
                             const struct env_dek_check *check, uint8_t dek[ENV_DEK_LEN])
{
    struct env_token_kek *kek = from_base(base);
    struct env_unwrapping unwrapping = {wrapped, check, dek};
    struct env_fault fault;
    ENV_RESULT r;

    r = env_ring_enter_gate(&fault);
    if (env_ok(r))
        r = env_token_kek_unwrap(kek, &unwrapping, ENV_PATIENCE_ALL, &fault);
    r = env_kek_finish(kek, r, &fault);
    env_gate_leave();
    return r;
}

static void kek_up_ref(struct env_kek *base)
{
    (void)atomic_fetch_add(&from_base(base)->refs, 1);
}

static void kek_free(struct env_kek *base)
{
    struct env_token_kek *kek = from_base(base);
    struct env_ring *ring = kek->ring;

    if (atomic_fetch_sub(&kek->refs, 1) > 1)
        return;
    (void)pthread_mutex_destroy(&kek->place_lock);
    (void)pthread_mutex_destroy(&kek->prepare_lock);
    env_rsa_public_free(kek->public_half);
    free(kek);
    env_ring_unref(ring);
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
    const struct env_key_facts *key = identity->key;

    return base->vtable->free == kek_free &&
           memcmp(&kek->token, &identity->token->name, sizeof(kek->token)) == 0 &&
           kek->id.len == key->id_len && memcmp(kek->id.bytes, key->id, key->id_len) == 0 &&
           kek->facts.rsa == key->rsa && kek->facts.bits == key->bits &&
           (!key->rsa || env_rsa_same_public(&kek->facts, key)) &&
           kek->facts.label_len == key->label_len &&
           memcmp(kek->facts.label, key->label, key->label_len) == 0;
}

struct env_kek *env_token_kek_base(struct env_token_kek *kek)
{
    return &kek->base;
}

static ENV_RESULT kek_accept(struct env_kek *base)
{
    const struct env_token_kek *kek = from_base(base);
    enum env_reason reason = env_policy_refusal(kek->ring->config, &kek->facts);

    if (reason != ENV_R_NONE)
        env_kek_cache_remove(&kek->ring->cache, base); /* so that a cure is seen */
    return reason == ENV_R_NONE ? ENV_OK : ENV_RAISE(kek->ring->errors, reason, "%s", kek->where);
}

static const struct env_kek_vtable vtable = {
    .up_ref = kek_up_ref,
    .free = kek_free,
    .id = kek_id,
    .wrap = kek_wrap,
    .unwrap = kek_unwrap,
    .raw_wrap = env_kek_raw_wrap,
    .raw_unwrap = env_kek_raw_unwrap,
    .describe = env_token_kek_describe,
    .accept = kek_accept,
};

ENV_RESULT env_token_kek_new(struct env_ring *ring, struct env_token *token,
                             const struct env_key_facts *key, uint64_t epoch,
                             struct env_token_kek **out, struct env_fault *fault)
{
    struct env_token_kek *kek;
    unsigned uses;

    ENV_TRY(env_kek_uses(token, key, &uses, fault));
    kek = calloc(1, sizeof(*kek));
    if (kek == NULL)
        return env_fault(fault, ENV_R_NO_MEMORY, "%s", token->where);
    kek->base.vtable = &vtable;
    atomic_init(&kek->refs, 1);
    kek->ring = ring;
    env_ring_up_ref(ring);
    kek->token = token->name;
    kek->module = (size_t)(token->module - ring->tokens->modules.list);
    atomic_init(&kek->found, 1);
    if (key->id_len <= sizeof(key->id)) { /* else the policy refuses it */
        kek->id.len = key->id_len;
        memcpy(kek->id.bytes, key->id, key->id_len);
    }
    kek->facts = *key;
    kek->first_uses = uses;
    kek->may_open = env_open_kek_allows(ring->config->open_kek, key->label, &kek->id);
    env_key_described(kek->where, sizeof(kek->where), key, token);
    (void)pthread_mutex_init(&kek->place_lock, NULL);
    (void)pthread_mutex_init(&kek->prepare_lock, NULL);
    kek->place = (struct env_place){.epoch = epoch, .handle = key->handle, .uses = uses};
    *out = kek;
    return ENV_OK;
}
