/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/kek/rsa_kek.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "keymgmt/kek/use_key.h"
#include "keymgmt/wrap/rsa_public.h"
#include "keymgmt/wrap/wrap_rsa.h"

static struct env_span modulus_of(const struct env_key_attributes *key)
{
    return (struct env_span){key->modulus, key->modulus_len};
}

static struct env_span exponent_of(const struct env_key_attributes *key)
{
    return (struct env_span){key->exponent, key->exponent_len};
}

bool env_rsa_reference_of(const struct env_token_set *token_set,
                          const struct env_key_attributes *key, struct env_kek_id *id)
{
    return key->modulus_len > 0 && key->exponent_len > 0 &&
           env_rsa_reference(&token_set->rsa, modulus_of(key), exponent_of(key), id);
}

bool env_rsa_is_reference(const struct env_token_set *token_set,
                          const struct env_key_attributes *key, const struct env_kek_id *id)
{
    struct env_kek_id own;

    return id->len == ENV_RSA_REFERENCE_LEN && env_rsa_reference_of(token_set, key, &own) &&
           env_kek_id_equal(&own, id);
}

static ENV_RESULT unwrap(struct env_token_kek *kek, const struct env_wrapped *wrapped,
                         enum env_patience patience, uint8_t back[ENV_DEK_LEN],
                         struct env_error_detail *detail)
{
    struct env_unwrapping unwrapping = {.wrapped = wrapped, .dek = back};

    return env_kek_use_key(kek, patience, env_rsa_unwrap, &unwrapping, detail);
}

/*
 * An altered copy must fail to open. Tokens have many codes for a bad ciphertext, so any of them
 * will do, except those of a device that has gone. No message is involved, so there is no oracle.
 */
static ENV_RESULT open_altered(struct env_token_kek *kek, const struct env_wrapped *good,
                               enum env_patience patience, struct env_error_detail *detail)
{
    struct env_wrapped altered = *good;
    uint8_t back[ENV_DEK_LEN];
    ENV_RESULT r;

    altered.data[altered.len - 1] ^= 1;
    r = unwrap(kek, &altered, patience, back, detail);
    if (env_ok(r))
        return env_error_detail(detail, ENV_R_KEK_SELF_TEST, "%s: it opens an altered ciphertext",
                                kek->where);
    if (r.reason == ENV_R_NOT_AUTHENTIC ||
        (r.reason == ENV_R_UNWRAP_FAILED && detail->loss == ENV_LOSS_NONE))
        return ENV_OK;
    return r;
}

/* Seals with the public half and opens on the token, which must refuse an altered copy. */
static ENV_RESULT try_hash(struct env_token_kek *kek, enum env_wrap_alg alg,
                           enum env_patience patience, struct env_error_detail *detail)
{
    uint8_t secret[ENV_DEK_LEN];
    uint8_t back[ENV_DEK_LEN] = {0};
    struct env_wrapped wrapped;

    if (RAND_bytes(secret, sizeof(secret)) != 1)
        return env_error_detail(detail, ENV_R_RANDOM_FAILED, "%s", kek->where);
    ENV_TRY(env_rsa_public_wrap(kek->public_half, alg, secret, kek->where, &wrapped, detail));
    ENV_TRY(unwrap(kek, &wrapped, patience, back, detail));
    if (CRYPTO_memcmp(secret, back, sizeof(secret)) != 0)
        return env_error_detail(detail, ENV_R_KEK_SELF_TEST, "%s: unwrapping returned other bytes",
                                kek->where);
    return open_altered(kek, &wrapped, patience, detail);
}

/* Whether the failure may only mean that this hash does not work here. */
static bool may_be_the_hash(ENV_RESULT r, const struct env_error_detail *detail)
{
    return detail->loss == ENV_LOSS_NONE &&
           (r.reason == ENV_R_UNWRAP_FAILED || r.reason == ENV_R_NOT_AUTHENTIC ||
            r.reason == ENV_R_KEK_SELF_TEST || r.reason == ENV_R_CRYPTO_FAILED);
}

static ENV_RESULT refused(const struct env_token_kek *kek, enum env_wrap_alg alg,
                          struct env_error_detail *detail)
{
    const char *hash = alg == ENV_WRAP_RSA_OAEP_SHA256 ? "SHA-256" : "SHA-1";
    const struct env_error_detail last = *detail;

    if (last.reason == ENV_R_NOT_AUTHENTIC)
        return env_error_detail(detail, ENV_R_KEK_SELF_TEST, "%s: OAEP with %s: %s", kek->where,
                                hash, env_ckr_name(last.rv));
    if (last.reason == ENV_R_UNWRAP_FAILED && env_ckr_mechanism_unusable(last.rv))
        return env_error_detail(detail, ENV_R_KEK_USAGE, "OAEP with %s: %.*s", hash,
                                (int)sizeof(last.text) - 32, last.text);
    return ENV_FAIL(last.reason);
}

ENV_RESULT env_rsa_kek_choose(struct env_token_kek *kek, enum env_patience patience,
                              struct env_error_detail *detail)
{
    static const enum env_wrap_alg algs[] = {ENV_WRAP_RSA_OAEP_SHA256, ENV_WRAP_RSA_OAEP_SHA1};
    static const enum env_oaep_hash hashes[] = {ENV_OAEP_SHA256, ENV_OAEP_SHA1};
    enum env_oaep_hash wanted = kek->head.token_set->config->oaep_hash_choice;
    ENV_RESULT r = ENV_OK;

    if (env_kek_place(kek).uses == 0)
        return env_rsa_usage_refused(&kek->attributes, kek->where, detail);
    if (kek->public_half == NULL)
        ENV_TRY(env_rsa_public_new(&kek->head.token_set->rsa, modulus_of(&kek->attributes),
                                   exponent_of(&kek->attributes), kek->where, &kek->public_half,
                                   detail));
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        if (wanted != ENV_OAEP_AUTO && wanted != hashes[i])
            continue;
        r = try_hash(kek, algs[i], patience, detail);
        kek->rsa_alg = algs[i];
        if (env_ok(r) || !may_be_the_hash(r, detail))
            return r;
    }
    return refused(kek, kek->rsa_alg, detail);
}
