/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/named/field_keys.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>

#include "envelope/base/fork_gate.h"
#include "envelope/named/field_memo.h"
#include "envelope/named/tenant_cache.h"

bool env_field_choice_is_tenant_key(const struct env_field_choice *choice)
{
    struct env_span tenant;

    return choice->tenant_key.len == 0 && env_tenant_context_is(choice->context, &tenant);
}

ENV_RESULT env_field_choice_check(const struct env_field_choice *choice, bool sealing)
{
    struct env_span tenant;

    if ((choice->tenant_key.len == 0) != (choice->tenant.len == 0) ||
        (choice->tenant_key.len != 0 && choice->tenant_key.len != ENV_TENANT_SEALED_LEN) ||
        choice->tenant.len > ENV_TENANT_ID_MAX)
        return ENV_FAIL(ENV_R_TENANT_INCOMPLETE);
    if (!env_field_choice_is_tenant_key(choice))
        return ENV_OK;
    if (!sealing)
        return ENV_FAIL(ENV_R_TENANT_KEY_STAYS);
    (void)env_tenant_context_is(choice->context, &tenant);
    return choice->kind == ENV_FIELD_RANDOM && tenant.len > 0 && tenant.len <= ENV_TENANT_ID_MAX
               ? ENV_OK
               : ENV_FAIL(ENV_R_TENANT_KEY_VALUE);
}

/* ---- named keys ---- */

/* The numbers of the uses, looked up once; 0: not yet. */
enum use { RANDOM, DETERMINISTIC, TENANT_KEYS, USES };
static atomic_uint numbers[USES];

static unsigned number_of(enum use use)
{
    static const char *const names[USES] = {"ENVELOPE-FIELD", "ENVELOPE-FIELD-DETERMINISTIC",
                                            "tenant-keys"};
    unsigned known = atomic_load_explicit(&numbers[use], memory_order_relaxed);

    if (known == 0) {
        known = env_use_number(names[use]) + 1;
        atomic_store_explicit(&numbers[use], known, memory_order_relaxed);
    }
    return known - 1;
}

static unsigned use_of(const struct env_field_choice *choice)
{
    if (choice->tenant_key.len > 0 || env_field_choice_is_tenant_key(choice))
        return number_of(TENANT_KEYS);
    return number_of(choice->kind == ENV_FIELD_RANDOM ? RANDOM : DETERMINISTIC);
}

static ENV_RESULT unknown_id(const struct env_field_keys *keys, const char *name,
                             const uint8_t id[ENV_FIELD_ID_LEN])
{
    return ENV_RAISE(keys->errors, ENV_R_FIELD_KEY_UNKNOWN,
                     "no version of %s has the key id %02x%02x%02x%02x%02x%02x%02x%02x", name,
                     id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]);
}

/* The version that the choice names directly. */
static ENV_RESULT first_ref(const struct env_field_keys *keys,
                            const struct env_field_choice *choice,
                            const struct env_named_wish *wish, const struct env_named_ref **ref)
{
    const struct env_named_keys_vtable *vtable = keys->named->vtable;

    if (choice->name != NULL)
        return vtable->by_name(keys->named, choice->name, wish, ref);
    return vtable->by_stand_in(keys->named, choice->stand_in, wish, ref);
}

/* Another version with the same name, unless the choice names one version. */
static ENV_RESULT other_version(const struct env_field_keys *keys,
                                const struct env_field_choice *choice,
                                const struct env_named_wish *wish, const uint8_t *id,
                                const struct env_named_ref **ref)
{
    const struct env_named_keys_vtable *vtable = keys->named->vtable;
    char name[ENV_NAMED_FULL_NAME];
    const bool fixed = choice->name != NULL && strchr(choice->name, '@') != NULL;
    ENV_RESULT r;

    (void)OPENSSL_strlcpy(name, fixed ? choice->name : (*ref)->clear->name, sizeof(name));
    vtable->release(keys->named, *ref);
    *ref = NULL;
    if (fixed)
        return unknown_id(keys, name, id);
    r = vtable->by_field_id(keys->named, name, id, wish, ref);
    return r.reason == ENV_R_KEY_UNKNOWN && !r.raised ? unknown_id(keys, name, id) : r;
}

/* id NULL: for sealing. */
static ENV_RESULT ask_named(const struct env_field_keys *keys,
                            const struct env_field_choice *choice, unsigned use, const uint8_t *id,
                            struct env_field_key *out)
{
    const struct env_named_wish wish = {use, id == NULL};
    const struct env_named_ref *ref = NULL;
    ENV_RESULT r;

    ENV_TRY(first_ref(keys, choice, &wish, &ref));
    if (id != NULL && memcmp(ref->field_id, id, sizeof(ref->field_id)) != 0)
        ENV_TRY(other_version(keys, choice, &wish, id, &ref));
    if (ref == NULL) /* success always comes with a key; this guards against a faulty store */
        return ENV_FAIL(ENV_R_INTERNAL);
    if (ref->field != NULL) {
        *out = *ref->field;
        r = ENV_OK;
    } else {
        r = env_field_key_set(keys->crypto, ref->key, out);
    }
    keys->named->vtable->release(keys->named, ref);
    return r;
}

/* Gets what is derived from the named key. */
static ENV_RESULT from_named(const struct env_field_keys *keys,
                             const struct env_field_choice *choice, const uint8_t *id,
                             struct env_field_key *out)
{
    const struct env_field_question question = {use_of(choice), choice->name, choice->stand_in, id};
    ENV_RESULT r;

    if (choice->name == NULL && choice->stand_in.len == 0)
        return ENV_FAIL(ENV_R_FIELD_NO_KEY);
    if (env_field_memo_get(keys->memo, &question, out))
        return ENV_OK;
    r = ask_named(keys, choice, question.use, id, out);
    if (env_ok(r))
        env_field_memo_put(keys->memo, &question, out);
    return r;
}

/* ---- tenant keys ---- */

static ENV_RESULT open_tenant_key(const struct env_field_keys *keys,
                                  const struct env_field_choice *choice,
                                  const struct env_field_key *above, struct env_field_key *out)
{
    const struct env_tenant_name name = {above->id, choice->tenant_key, choice->tenant};
    ENV_RESULT r;

    if (env_tenant_cache_get(keys->tenants, &name, out))
        return ENV_OK;
    r = env_tenant_key_open(keys->crypto, above, choice->tenant, choice->tenant_key, out);
    if (env_ok(r))
        env_tenant_cache_put(keys->tenants, &name, out);
    return r;
}

/* out first receives the key above, and then the tenant's. */
static ENV_RESULT from_tenant(const struct env_field_keys *keys,
                              const struct env_field_choice *choice, const uint8_t *id,
                              struct env_field_key *out)
{
    const uint8_t *above_id = NULL;
    struct env_field_key above;
    ENV_RESULT r;

    if (!env_ok(env_field_read_id(ENV_FIELD_RANDOM, choice->tenant_key, &above_id)))
        return ENV_FAIL(ENV_R_TENANT_KEY_CLOSED);
    r = from_named(keys, choice, above_id, &above);
    if (env_ok(r)) {
        env_fork_gate_enter();
        r = open_tenant_key(keys, choice, &above, out);
        env_fork_gate_leave();
    }
    OPENSSL_cleanse(&above, sizeof(above));
    if (env_ok(r) && id != NULL && memcmp(out->id, id, sizeof(out->id)) != 0)
        r = unknown_id(keys, "this tenant key", id);
    return r;
}

ENV_RESULT env_field_keys_find(const struct env_field_keys *keys,
                               const struct env_field_choice *choice, const uint8_t *id,
                               struct env_field_key *out)
{
    return choice->tenant_key.len > 0 ? from_tenant(keys, choice, id, out)
                                      : from_named(keys, choice, id, out);
}
