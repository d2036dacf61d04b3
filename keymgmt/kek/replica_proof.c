/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/replica_proof.h"

#include <openssl/crypto.h>
#include <stdatomic.h>

#include "keymgmt/kek/seals_today.h"
#include "keymgmt/kek/self_test.h"
#include "keymgmt/kek/wrap_on_token.h"

bool env_replica_is_proven(const struct env_replica *member)
{
    return atomic_load(&member->proven) == atomic_load(&member->kek->found);
}

static ENV_RESULT differs(const struct env_token_kek *a, const struct env_token_kek *b,
                          struct env_error_detail *detail)
{
    if (a == b)
        return env_error_detail(detail, ENV_R_KEK_DIFFERS, "%s is not the key that it was",
                                a->where);
    return env_error_detail(detail, ENV_R_KEK_DIFFERS, "%s and %s", a->where, b->where);
}

/* *other: it appears to be a different key. */
static ENV_RESULT try_to_open(struct env_token_kek *opener, const struct env_sample *sample,
                              enum env_patience patience, bool *other,
                              struct env_error_detail *detail)
{
    uint8_t back[ENV_DEK_LEN] = {0};
    struct env_kek_operation opening = {.unwrapping = {.wrapped = &sample->wrapped, .dek = back},
                                        .patience = patience,
                                        .detail = detail};
    ENV_RESULT r = env_token_kek_unwrap(opener, &opening);

    *other = r.reason == ENV_R_NOT_AUTHENTIC ||
             (env_ok(r) && CRYPTO_memcmp(back, sample->secret, sizeof(back)) != 0);
    return r;
}

/*
 * Uses the sample's mechanism, since one may fail while another works; or any mechanism, if the
 * member only opens.
 */
static ENV_RESULT works(struct env_token_kek *opener, const struct env_sample *sample,
                        enum env_patience patience, struct env_error_detail *detail)
{
    enum env_wrap_choice choice = env_aes_choice_of(sample->wrapped.alg);
    ENV_RESULT r = env_token_kek_test(opener, choice, patience, detail);

    if (r.reason == ENV_R_KEK_USAGE)
        r = env_token_kek_test(opener, ENV_WRAP_CHOICE_AUTO, patience, detail);
    return r;
}

/*
 * Whether `opener` opens what `wrapper` wrapped. A failing token may answer as if it had a
 * different key, so a refusal counts only if it opens what it wraps itself.
 */
static ENV_RESULT opens(struct env_token_kek *opener, struct env_token_kek *wrapper,
                        enum env_patience patience, struct env_error_detail *detail)
{
    const struct env_sample *sample = &wrapper->sample;
    bool other;
    ENV_RESULT r = try_to_open(opener, sample, patience, &other, detail);

    if (!other)
        return r;
    ENV_TRY(works(opener, sample, patience, detail));
    r = try_to_open(opener, sample, patience, &other, detail);
    return other ? differs(opener, wrapper, detail) : r;
}

/* If a member cannot open by the reference's mechanism, the proof runs in the other direction. */
static ENV_RESULT same_key(struct env_token_kek *kek, const struct env_replica *reference,
                           enum env_patience patience, struct env_error_detail *detail)
{
    ENV_RESULT r;

    r = opens(kek, reference->kek, patience, detail);
    if (r.reason != ENV_R_KEK_USAGE || kek == reference->kek)
        return r;
    r = opens(reference->kek, kek, patience, detail);
    /* the key was found again after the sample was made, so the result proves nothing */
    if (env_ok(r) && kek->sample.found != atomic_load(&kek->found))
        r = opens(kek, kek, patience, detail);
    if (r.reason == ENV_R_KEK_DIFFERS || (env_ok(r) && env_replica_is_proven(reference)))
        return r;
    return env_error_detail(detail, ENV_R_KEK_UNPROVEN, "%s and %s", kek->where,
                            reference->kek->where);
}

/*
 * The member whose sample is the reference. It is chosen when the first of several members is to be
 * proven. A member that sealed alone before has a sample already, and is chosen.
 */
static const struct env_replica *reference_of(struct env_replica_group *group)
{
    size_t first = 0;
    size_t none = 0;

    while (!atomic_load(&group->members[first].kek->has_sample))
        first++;
    (void)atomic_compare_exchange_strong(&group->reference, &none, first + 1);
    return &group->members[atomic_load(&group->reference) - 1];
}

/* Called with the member's lock. */
static ENV_RESULT prove(struct env_replica_group *group, struct env_replica *member,
                        enum env_patience patience, struct env_error_detail *detail)
{
    struct env_token_kek *kek = member->kek;
    const struct env_replica *reference;

    if (kek->attributes.rsa) { /* an RSA key is compared whenever it is found again */
        if (!env_key_same_public(&kek->attributes, &group->members[0].kek->attributes))
            return differs(kek, group->members[0].kek, detail);
        atomic_store(&member->proven, atomic_load(&kek->found));
        return ENV_OK;
    }
    ENV_TRY(env_token_kek_sample(kek, patience, detail));
    reference = reference_of(group);
    for (unsigned i = 0; i < ENV_REPLICA_TRIES; i++) {
        unsigned found = atomic_load(&kek->found);

        ENV_TRY(same_key(kek, reference, patience, detail));
        if (atomic_load(&kek->found) == found) { /* the key that was tested is still this one */
            atomic_store(&member->proven, found);
            return ENV_OK;
        }
    }
    return env_error_detail(detail, ENV_R_TOKEN_FAILED, "%s keeps being lost", kek->where);
}

ENV_RESULT env_replica_prove(struct env_replica_group *group, struct env_replica *member,
                             struct env_kek_operation *operation)
{
    const struct env_token_kek *kek = member->kek;
    bool for_key_wrap = operation->purpose == ENV_KEK_KEY_WRAPS;
    ENV_RESULT r = ENV_OK;

    /* a key that must not seal is not tested either */
    ENV_TRY(env_kek_may_seal_now(member->kek, operation->detail));
    if (!for_key_wrap)
        ENV_TRY(env_token_kek_prepare(member->kek, operation));
    if (!env_replica_is_proven(member)) {
        (void)pthread_mutex_lock(&member->proving);
        if (!env_replica_is_proven(member))
            r = prove(group, member, operation->patience, operation->detail);
        (void)pthread_mutex_unlock(&member->proving);
    }
    if (env_ok(r) && !for_key_wrap && !kek->attributes.rsa && kek->sealing.family == ENV_AES_GCM &&
        atomic_load(&kek->ivs.made))
        return env_error_detail(operation->detail, ENV_R_KEK_TOKEN_NONCE, "%s", kek->where);
    return r;
}
