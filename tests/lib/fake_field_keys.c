/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_field_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/named/field_memo.h"
#include "fake_keyring.h"
#include "provider/common/provctx.h"
#include "stopped_clock.h"

struct fake_field_key fake_field_keys[FAKE_FIELD_KEYS];
atomic_int fake_field_lent;
atomic_int fake_field_asked;

struct fake_store {
    struct env_named_keys base;
    struct env_provctx *provctx;
};

/* What is lent: it stays as it is. */
static struct fake_ref {
    struct env_named_ref base;
    struct env_named_clear clear;
    struct env_field_key field;
    unsigned use;
} refs[FAKE_FIELD_KEYS];

static void derive_all(void)
{
    struct env_crypto *crypto = env_crypto_new(NULL, NULL);

    if (crypto == NULL || !env_ok(env_crypto_ready(crypto)))
        abort();
    for (size_t i = 0; i < FAKE_FIELD_KEYS && fake_field_keys[i].name != NULL; i++) {
        const struct fake_field_key *key = &fake_field_keys[i];
        struct fake_ref *ref = &refs[i];

        (void)snprintf(ref->clear.name, sizeof(ref->clear.name), "%s", key->name);
        ref->use = env_use_number(key->use);
        ref->clear.number = key->number;
        ref->base.key = (struct env_span){key->key, sizeof(key->key)};
        ref->base.clear = &ref->clear;
        if (!env_ok(env_field_key_set(crypto, ref->base.key, &ref->field)))
            abort();
        memcpy(ref->base.field_id, ref->field.id, sizeof(ref->base.field_id));
    }
    env_crypto_free(crypto);
}

void fake_field_reset(void)
{
    static const struct fake_field_key rows[] = {
        {"users", 1, "ENVELOPE-FIELD", STAND_IN_USERS, {0}, false, false, false},
        {"users", 2, "ENVELOPE-FIELD", STAND_IN_USERS, {0}, false, false, false},
        {"email", 1, "ENVELOPE-FIELD-DETERMINISTIC", STAND_IN_EMAIL, {0}, false, false, false},
        {"tenants", 1, "tenant-keys", STAND_IN_TENANTS, {0}, false, false, false},
        {"tenants", 2, "tenant-keys", STAND_IN_TENANTS, {0}, false, false, false},
    };

    memset(fake_field_keys, 0, sizeof(fake_field_keys));
    memcpy(fake_field_keys, rows, sizeof(rows));
    for (size_t i = 0; i < FAKE_FIELD_KEYS; i++)
        memset(fake_field_keys[i].key, (int)(0x20 + i), sizeof(fake_field_keys[i].key));
    atomic_store(&fake_field_lent, 0);
    atomic_store(&fake_field_asked, 0);
    derive_all();
}

struct fake_field_key *fake_field_key(const char *name, uint32_t number)
{
    for (size_t i = 0; i < FAKE_FIELD_KEYS; i++) {
        struct fake_field_key *key = &fake_field_keys[i];

        if (key->name != NULL && strcmp(key->name, name) == 0 && key->number == number)
            return key;
    }
    abort();
}

static ENV_RESULT lend(const struct fake_store *store, const struct fake_field_key *key,
                       const struct env_named_wish *wish, const struct env_named_ref **out)
{
    struct fake_ref *ref;

    if (key == NULL || refs[key - fake_field_keys].use != wish->use)
        return ENV_RAISE(&store->provctx->errors, ENV_R_KEY_REFUSED, "%s", "");
    ref = &refs[key - fake_field_keys];
    ref->base.field = key->underived ? NULL : &ref->field;
    atomic_fetch_add(&fake_field_lent, 1);
    *out = &ref->base;
    return ENV_OK;
}

/* The last that is one of these: a number of 0 and a name of NULL are any. */
static const struct fake_field_key *last_of(const char *name, uint32_t number, bool seals)
{
    const struct fake_field_key *found = NULL;

    for (size_t i = 0; i < FAKE_FIELD_KEYS; i++) {
        const struct fake_field_key *key = &fake_field_keys[i];

        if (key->name != NULL && !key->absent && !(seals && key->seals_not) &&
            strcmp(key->name, name) == 0 && (number == 0 || key->number == number))
            found = key;
    }
    return found;
}

static ENV_RESULT by_stand_in(struct env_named_keys *keys, struct env_span stand_in,
                              const struct env_named_wish *wish, const struct env_named_ref **out)
{
    const struct fake_store *store = (const struct fake_store *)keys;

    atomic_fetch_add(&fake_field_asked, 1);
    for (size_t i = 0; i < FAKE_FIELD_KEYS; i++) {
        const struct fake_field_key *key = &fake_field_keys[i];

        if (key->name != NULL && strlen(key->stand_in) == stand_in.len &&
            memcmp(key->stand_in, stand_in.data, stand_in.len) == 0)
            return lend(store, last_of(key->name, 0, wish->seals), wish, out);
    }
    return lend(store, NULL, wish, out);
}

static ENV_RESULT by_name(struct env_named_keys *keys, const char *name,
                          const struct env_named_wish *wish, const struct env_named_ref **out)
{
    char plain[ENV_NAMED_NAME_MAX + 1];
    uint32_t number = 0;

    atomic_fetch_add(&fake_field_asked, 1);
    if (!env_named_name_read(name, plain, &number))
        abort();
    return lend((const struct fake_store *)keys, last_of(plain, number, wish->seals), wish, out);
}

static ENV_RESULT by_field_id(struct env_named_keys *keys, const char *name,
                              const uint8_t id[ENV_NAMED_ID_LEN], const struct env_named_wish *wish,
                              const struct env_named_ref **out)
{
    const struct fake_store *store = (const struct fake_store *)keys;

    atomic_fetch_add(&fake_field_asked, 1);
    for (size_t i = 0; i < FAKE_FIELD_KEYS; i++) {
        const struct fake_field_key *key = &fake_field_keys[i];

        if (key->name == NULL || key->absent || strcmp(key->name, name) != 0)
            continue;
        ENV_TRY(lend(store, key, wish, out));
        if (memcmp((*out)->field_id, id, ENV_NAMED_ID_LEN) == 0)
            return ENV_OK;
        keys->vtable->release(keys, *out);
    }
    return ENV_FAIL(ENV_R_KEY_UNKNOWN);
}

static void release(struct env_named_keys *keys, const struct env_named_ref *ref)
{
    (void)keys;
    (void)ref;
    atomic_fetch_sub(&fake_field_lent, 1);
}

static void free_store(struct env_named_keys *keys)
{
    free(keys);
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **vprovctx)
{
    static const struct env_named_keys_vtable vtable = {
        .free = free_store,
        .by_stand_in = by_stand_in,
        .by_name = by_name,
        .by_field_id = by_field_id,
        .release = release,
    };
    struct env_provctx *provctx;
    struct fake_store *store;

    if (fake_provider_init(handle, in, out, vprovctx) != 1)
        return 0;
    provctx = *vprovctx;
    store = calloc(1, sizeof(*store));
    if (store == NULL)
        abort();
    *store = (struct fake_store){{&vtable}, provctx};
    atomic_store(&provctx->named, &store->base);
    return 1;
}

void fake_field_changed(void)
{
    clock_stop();
    clock_move(ENV_FIELD_MEMO_MS);
}

OSSL_LIB_CTX *fake_field_libctx(const char *lines)
{
    return libctx_new_configured(init, lines, true);
}
