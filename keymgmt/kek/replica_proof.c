/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/replica_group.h"

#include <openssl/crypto.h>
#include <stdatomic.h>

#include "keymgmt/kek/rsa_kek.h"

#define TRIES 4 /* of finding a key that is lost again while it is being shown to be the same */

bool env_standin_is_proven(const struct env_standin *member)
{
    return atomic_load(&member->proven) == atomic_load(&member->kek->found);
}

static ENV_RESULT differs(const struct env_token_kek *a, const struct env_token_kek *b,
                          struct env_fault *fault)
{
    if (a == b)
        return env_fault(fault, ENV_R_KEK_DIFFERS, "%s is not the key that it was", a->where);
    return env_fault(fault, ENV_R_KEK_DIFFERS, "%s and %s", a->where, b->where);
}

/* *other: it looks like another key. */
static ENV_RESULT try_to_open(struct env_token_kek *opener, const struct env_sample *sample,
                              enum env_patience patience, bool *other, struct env_fault *fault)
{
    uint8_t back[ENV_DEK_LEN] = {0};
    struct env_unwrapping unwrapping = {.wrapped = &sample->wrapped, .dek = back};
    ENV_RESULT r = env_token_kek_unwrap(opener, &unwrapping, patience, fault);

    *other = r.reason == ENV_R_NOT_AUTHENTIC ||
             (env_ok(r) && CRYPTO_memcmp(back, sample->secret, sizeof(back)) != 0);
    return r;
}

/* By the sample's mechanism, since one may fail and another work; or by any, where it only opens.
 */
static ENV_RESULT works(struct env_token_kek *opener, const struct env_sample *sample,
                        enum env_patience patience, struct env_fault *fault)
{
    enum env_wrap_choice choice = env_aes_choice_of(sample->wrapped.alg);
    ENV_RESULT r = env_token_kek_test(opener, choice, patience, fault);

    if (r.reason == ENV_R_KEK_USAGE)
        r = env_token_kek_test(opener, ENV_WRAP_CHOICE_AUTO, patience, fault);
    return r;
}

/*
 * Whether `opener` opens what `wrapper` wrapped. A token that fails may answer as one that has
 * another key does: it is believed when it opens what it wraps itself.
 */
static ENV_RESULT opens(struct env_token_kek *opener, struct env_token_kek *wrapper,
                        enum env_patience patience, struct env_fault *fault)
{
    const struct env_sample *sample = &wrapper->sample;
    bool other;
    ENV_RESULT r = try_to_open(opener, sample, patience, &other, fault);

    if (!other)
        return r;
    ENV_TRY(works(opener, sample, patience, fault));
    r = try_to_open(opener, sample, patience, &other, fault);
    return other ? differs(opener, wrapper, fault) : r;
}

/* A member that can not open by the reference's mechanism is shown the other way round. */
static ENV_RESULT same_key(struct env_token_kek *kek, const struct env_standin *reference,
                           enum env_patience patience, struct env_fault *fault)
{
    ENV_RESULT r;

    r = opens(kek, reference->kek, patience, fault);
    if (r.reason != ENV_R_KEK_USAGE || kek == reference->kek)
        return r;
    r = opens(reference->kek, kek, patience, fault);
    /* that says nothing of a key that was found since the sample was made */
    if (env_ok(r) && kek->sample.found != atomic_load(&kek->found))
        r = opens(kek, kek, patience, fault);
    if (r.reason == ENV_R_KEK_DIFFERS || (env_ok(r) && env_standin_is_proven(reference)))
        return r;
    return env_fault(fault, ENV_R_KEK_UNPROVEN, "%s and %s", kek->where, reference->kek->where);
}

/*
 * The member whose sample counts. It is chosen when the first of several is to be proven, and one
 * of them has a sample by then: a member that sealed alone before is the first.
 */
static const struct env_standin *reference_of(struct env_standins *group)
{
    size_t first = 0;
    size_t none = 0;

    while (!atomic_load(&group->members[first].kek->has_sample))
        first++;
    (void)atomic_compare_exchange_strong(&group->reference, &none, first + 1);
    return &group->members[atomic_load(&group->reference) - 1];
}

/* With the member's lock. */
static ENV_RESULT prove(struct env_standins *group, struct env_standin *member,
                        enum env_patience patience, struct env_fault *fault)
{
    struct env_token_kek *kek = member->kek;
    const struct env_standin *reference;

    if (kek->facts.rsa) { /* whether it is the one it was is seen whenever it is found */
        if (!env_rsa_same_public(&kek->facts, &group->members[0].kek->facts))
            return differs(kek, group->members[0].kek, fault);
        atomic_store(&member->proven, atomic_load(&kek->found));
        return ENV_OK;
    }
    ENV_TRY(env_token_kek_sample(kek, patience, fault));
    reference = reference_of(group);
    for (unsigned i = 0; i < TRIES; i++) {
        unsigned found = atomic_load(&kek->found);

        ENV_TRY(same_key(kek, reference, patience, fault));
        if (atomic_load(&kek->found) == found) { /* so it was this very key */
            atomic_store(&member->proven, found);
            return ENV_OK;
        }
    }
    return env_fault(fault, ENV_R_TOKEN_FAILED, "%s is lost again and again", kek->where);
}

ENV_RESULT env_standin_prove(struct env_standins *group, struct env_standin *member, bool raw,
                             enum env_patience patience, struct env_fault *fault)
{
    ENV_RESULT r = ENV_OK;

    if (!raw)
        ENV_TRY(env_token_kek_prepare(member->kek, patience, fault));
    if (!env_standin_is_proven(member)) {
        (void)pthread_mutex_lock(&member->proving);
        if (!env_standin_is_proven(member))
            r = prove(group, member, patience, fault);
        (void)pthread_mutex_unlock(&member->proving);
    }
    if (env_ok(r) && !raw && !member->kek->facts.rsa &&
        member->kek->sealing.family == ENV_AES_GCM && atomic_load(&member->kek->token_nonces))
        return env_fault(fault, ENV_R_KEK_TOKEN_NONCE, "%s", member->kek->where);
    return r;
}
