/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/rsa_kek.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "keymgmt/wrap/wrap_rsa.h"

static struct env_span modulus_of(const struct env_key_facts *key)
{
    return (struct env_span){key->modulus, key->modulus_len};
}

static struct env_span exponent_of(const struct env_key_facts *key)
{
    return (struct env_span){key->exponent, key->exponent_len};
}

bool env_rsa_same_public(const struct env_key_facts *a, const struct env_key_facts *b)
{
    return a->modulus_len == b->modulus_len && a->exponent_len == b->exponent_len &&
           memcmp(a->modulus, b->modulus, a->modulus_len) == 0 &&
           memcmp(a->exponent, b->exponent, a->exponent_len) == 0;
}

bool env_rsa_is_reference(const struct env_ring *ring, const struct env_key_facts *key,
                          const struct env_kek_id *id)
{
    struct env_kek_id own;

    return id->len == ENV_RSA_REFERENCE_LEN &&
           env_rsa_reference(&ring->rsa, modulus_of(key), exponent_of(key), &own) &&
           memcmp(own.bytes, id->bytes, id->len) == 0;
}

ENV_RESULT env_rsa_kek_wrap(const struct env_token_kek *kek, const uint8_t dek[ENV_DEK_LEN],
                            struct env_wrapped *out, struct env_fault *fault)
{
    return env_rsa_public_wrap(kek->public_half, kek->rsa_alg, dek, kek->where, out, fault);
}

/* Seals with the public half and opens with the token. */
static ENV_RESULT try_hash(struct env_token_kek *kek, enum env_wrap_alg alg,
                           enum env_patience patience, struct env_fault *fault)
{
    uint8_t secret[ENV_DEK_LEN];
    uint8_t back[ENV_DEK_LEN] = {0};
    struct env_wrapped wrapped;
    struct env_unwrapping unwrapping = {.wrapped = &wrapped, .dek = back};

    if (RAND_bytes(secret, sizeof(secret)) != 1)
        return env_fault(fault, ENV_R_RANDOM_FAILED, "%s", kek->where);
    ENV_TRY(env_rsa_public_wrap(kek->public_half, alg, secret, kek->where, &wrapped, fault));
    ENV_TRY(env_kek_perform(kek, patience, env_rsa_unwrap, &unwrapping, fault));
    if (CRYPTO_memcmp(secret, back, sizeof(secret)) != 0)
        return env_fault(fault, ENV_R_KEK_SELF_TEST, "%s: other bytes came back", kek->where);
    return ENV_OK;
}

/* What says no more than that this hash does not work here. */
static bool may_be_the_hash(ENV_RESULT r, const struct env_fault *fault)
{
    return fault->loss == ENV_LOSS_NONE &&
           (r.reason == ENV_R_UNWRAP_FAILED || r.reason == ENV_R_NOT_AUTHENTIC ||
            r.reason == ENV_R_KEK_SELF_TEST || r.reason == ENV_R_CRYPTO_FAILED);
}

static ENV_RESULT refused(const struct env_token_kek *kek, enum env_wrap_alg alg,
                          struct env_fault *fault)
{
    const char *hash = alg == ENV_WRAP_RSA_OAEP_SHA256 ? "SHA-256" : "SHA-1";
    const struct env_fault last = *fault;

    if (last.reason == ENV_R_NOT_AUTHENTIC)
        return env_fault(fault, ENV_R_KEK_SELF_TEST, "%s: OAEP with %s: %s", kek->where, hash,
                         env_ckr_name(last.rv));
    if (last.reason == ENV_R_UNWRAP_FAILED && env_ckr_mechanism_unusable(last.rv))
        return env_fault(fault, ENV_R_KEK_USAGE, "OAEP with %s: %.*s", hash,
                         (int)sizeof(last.text) - 32, last.text);
    return ENV_FAIL(last.reason);
}

ENV_RESULT env_rsa_kek_choose(struct env_token_kek *kek, enum env_patience patience,
                              struct env_fault *fault)
{
    static const enum env_wrap_alg algs[] = {ENV_WRAP_RSA_OAEP_SHA256, ENV_WRAP_RSA_OAEP_SHA1};
    static const enum env_oaep_hash hashes[] = {ENV_OAEP_SHA256, ENV_OAEP_SHA1};
    enum env_oaep_hash wanted = kek->ring->config->oaep_hash_choice;
    ENV_RESULT r = ENV_OK;

    if (env_kek_place(kek).uses == 0)
        return env_rsa_usage_fault(&kek->facts, kek->where, fault);
    if (kek->public_half == NULL)
        ENV_TRY(env_rsa_public_new(&kek->ring->rsa, modulus_of(&kek->facts),
                                   exponent_of(&kek->facts), kek->where, &kek->public_half, fault));
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        if (wanted != ENV_OAEP_AUTO && wanted != hashes[i])
            continue;
        r = try_hash(kek, algs[i], patience, fault);
        kek->rsa_alg = algs[i];
        if (env_ok(r) || !may_be_the_hash(r, fault))
            return r;
    }
    return refused(kek, kek->rsa_alg, fault);
}
