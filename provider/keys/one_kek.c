/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/one_kek.h"

#include <string.h>

#include "keymgmt/wrap/rsa_public.h"
#include "keymgmt/wrap/wrap_aes.h"

static const struct env_key *key_of(struct env_keyring *base)
{
    return ((struct env_one_kek *)base)->key;
}

static ENV_RESULT one_select(struct env_keyring *base, const struct env_selector *selector,
                             struct env_kek_list *out)
{
    struct env_kek *kek = key_of(base)->kek;

    (void)selector;
    ENV_TRY(kek->vtable->accept(kek));
    kek->vtable->up_ref(kek);
    out->keks[0] = kek;
    out->count = 1;
    return ENV_OK;
}

/* The reference of an RSA KEK may have been worked out from its public half: see selector.h. */
static bool is_referred_to(const struct env_key *key, const struct env_kek_id *id,
                           enum env_wrap_alg alg)
{
    const struct env_kek_facts *facts = &key->facts;
    const struct env_rsa_source source = {key->provctx->libctx, key->provctx->config.propquery};
    struct env_kek_id own;

    if (facts->id.len == id->len && memcmp(facts->id.bytes, id->bytes, id->len) == 0)
        return true;
    return env_wrap_is_rsa(alg) && id->len == ENV_RSA_REFERENCE_LEN &&
           env_rsa_reference(&source, (struct env_span){facts->modulus, facts->modulus_len},
                             (struct env_span){facts->exponent, facts->exponent_len}, &own) &&
           memcmp(own.bytes, id->bytes, id->len) == 0;
}

static bool fits(const struct env_key *key, const struct env_kek_id *id, enum env_wrap_alg alg)
{
    if (key->facts.type == ENV_KEK_RSA)
        return env_wrap_is_rsa(alg) && is_referred_to(key, id, alg);
    return env_aes_alg_bits(alg) == key->facts.bits && is_referred_to(key, id, alg);
}

static ENV_RESULT one_lookup(struct env_keyring *base, const struct env_kek_id *id,
                             enum env_wrap_alg alg, struct env_kek **out)
{
    const struct env_key *key = key_of(base);

    if (!fits(key, id, alg))
        return ENV_FAIL(ENV_R_KEK_NOT_HERE);
    ENV_TRY(key->kek->vtable->accept(key->kek));
    if (!key->facts.may_open)
        return ENV_RAISE(&key->provctx->errors, ENV_R_KEK_NOT_ALLOWED, "%s", key->facts.uri);
    key->kek->vtable->up_ref(key->kek);
    *out = key->kek;
    return ENV_OK;
}

void env_one_kek_init(struct env_one_kek *one, const struct env_key *key)
{
    static const struct env_keyring_vtable vtable = {.select = one_select, .lookup = one_lookup};

    one->base = (struct env_keyring){&vtable, key->provctx->dek.keyring->audit};
    one->key = key;
    one->dek = key->provctx->dek;
    one->dek.keyring = &one->base;
}

ENV_RESULT env_one_kek_result(const struct env_one_kek *one, ENV_RESULT r)
{
    const struct env_errors *errors = &one->key->provctx->errors;
    bool other = r.reason == ENV_R_KEK_NOT_HERE;

    env_errors_unmark(errors, other);
    return other ? ENV_RAISE(errors, ENV_R_OTHER_KEK, "%s", one->key->facts.uri) : r;
}
