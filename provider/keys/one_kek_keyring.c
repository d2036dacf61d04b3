/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/one_kek_keyring.h"

#include <stdio.h>
#include <string.h>

#include "envelope/base/printable.h"
#include "envelope/format/wrap_algorithm.h"
#include "keymgmt/wrap/rsa_public.h"

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
    out->optional[0] = false;
    out->count = 1;
    return ENV_OK;
}

/* The reference of an RSA KEK may be a digest of its public half: see selector.h. */
static bool is_referred_to(const struct env_key *key, const struct env_kek_id *id,
                           enum env_wrap_alg alg)
{
    const struct env_kek_info *info = &key->info;
    const struct env_rsa_source source = {key->provctx->libctx, key->provctx->config.propquery};
    struct env_kek_id own;

    if (env_kek_id_equal(&info->id, id))
        return true;
    return env_wrap_is_rsa(alg) && id->len == ENV_RSA_REFERENCE_LEN &&
           env_rsa_reference(&source, (struct env_span){info->modulus, info->modulus_len},
                             (struct env_span){info->exponent, info->exponent_len}, &own) &&
           memcmp(own.bytes, id->bytes, id->len) == 0;
}

static bool fits(const struct env_key *key, const struct env_kek_id *id, enum env_wrap_alg alg)
{
    if (key->info.type == ENV_KEK_RSA)
        return env_wrap_is_rsa(alg) && is_referred_to(key, id, alg);
    return env_wrap_aes_bits(alg) == key->info.bits && is_referred_to(key, id, alg);
}

/* Writes as many as fit. */
static void note_wanted(struct env_one_kek *one, const struct env_kek_id *id)
{
    size_t len = strlen(one->wanted);
    char hex[ENV_HEX_TEXT];

    env_hex(hex, sizeof(hex), id->bytes, id->len);
    (void)snprintf(one->wanted + len, sizeof(one->wanted) - len, " %s", hex);
}

static void note_refused(const struct env_key *key, struct env_refused_kek *refused)
{
    if (refused == NULL)
        return;
    refused->known = true;
    refused->id = key->info.id;
    memcpy(refused->label, key->info.label, sizeof(refused->label));
    memcpy(refused->token, key->info.token, sizeof(refused->token));
}

static ENV_RESULT one_lookup(struct env_keyring *base, const struct env_kek_id *id,
                             enum env_wrap_alg alg, struct env_kek **out,
                             struct env_refused_kek *refused)
{
    const struct env_key *key = key_of(base);
    ENV_RESULT r;

    if (!fits(key, id, alg)) {
        note_wanted((struct env_one_kek *)base, id);
        return ENV_FAIL(ENV_R_KEK_NOT_HERE);
    }
    r = key->kek->vtable->accept(key->kek);
    if (!env_ok(r)) {
        note_refused(key, refused);
        return r;
    }
    key->kek->vtable->up_ref(key->kek);
    *out = key->kek;
    return ENV_OK;
}

void env_one_kek_begin(struct env_one_kek *one, const struct env_key *key)
{
    static const struct env_keyring_vtable vtable = {.select = one_select, .lookup = one_lookup};

    one->base = (struct env_keyring){&vtable, key->provctx->dek.keyring->audit,
                                     key->provctx->dek.keyring->states};
    one->key = key;
    one->wanted[0] = '\0';
    one->dek = key->provctx->dek;
    one->dek.keyring = &one->base;
    env_errors_mark(&key->provctx->errors);
}

ENV_RESULT env_one_kek_end(const struct env_one_kek *one, ENV_RESULT r)
{
    const struct env_errors *errors = &one->key->provctx->errors;
    bool other = r.reason == ENV_R_KEK_NOT_HERE;

    env_errors_unmark(errors, other);
    return other ? ENV_RAISE(errors, ENV_R_OTHER_KEK, "the input is for%s; the key is %s",
                             one->wanted, one->key->info.uri)
                 : r;
}
