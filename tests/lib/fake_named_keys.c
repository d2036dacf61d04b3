/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_named_keys.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_keyring.h"

struct fake_named_key fake_named_keys[FAKE_NAMED_COUNT];
atomic_int fake_named_asked;
atomic_int fake_named_seals;
atomic_int fake_named_lent;

struct fake_store {
    struct env_named_keys base;
    const struct env_errors *errors;
};

struct fake_ref {
    struct env_named_ref base;
    struct env_named_clear clear;
};

void fake_named_reset(void)
{
    static const struct {
        const char *stand_in;
        size_t len;
    } rows[FAKE_NAMED_COUNT] = {
        {"key:aB3_-xyz0123", 16},
        {"key:0123456789abcdefghij", 24},
        {"key:ABCDEFGHIJKLMNOPQRSTUVWXYZ_-", 32},
        {"key:0123456789-0123456789_0123456789-0123456789_0123456789abcdef", 64},
    };

    memset(fake_named_keys, 0, sizeof(fake_named_keys));
    for (size_t i = 0; i < FAKE_NAMED_COUNT; i++) {
        struct fake_named_key *key = &fake_named_keys[i];

        key->stand_in = rows[i].stand_in;
        key->len = rows[i].len;
        if (strlen(key->stand_in) != key->len)
            abort();
        for (size_t j = 0; j < key->len; j++)
            key->key[j] = (unsigned char)(0x80 + 11 * j + i);
    }
    atomic_store(&fake_named_asked, 0);
    atomic_store(&fake_named_seals, 0);
    atomic_store(&fake_named_lent, 0);
}

const struct fake_named_key *fake_named_of_len(size_t len)
{
    for (size_t i = 0; i < FAKE_NAMED_COUNT; i++) {
        if (fake_named_keys[i].len == len)
            return &fake_named_keys[i];
    }
    return NULL;
}

static ENV_RESULT refuse(const struct env_named_keys *keys)
{
    return ENV_RAISE(((const struct fake_store *)keys)->errors, ENV_R_KEY_REFUSED, "%s", "");
}

static ENV_RESULT by_stand_in(struct env_named_keys *keys, struct env_span stand_in,
                              const struct env_named_wish *wish, const struct env_named_ref **out)
{
    const struct fake_named_key *key = NULL;
    struct fake_ref *ref;

    atomic_fetch_add(&fake_named_asked, 1);
    atomic_fetch_add(&fake_named_seals, wish->seals);
    for (size_t i = 0; i < FAKE_NAMED_COUNT; i++) {
        if (strlen(fake_named_keys[i].stand_in) == stand_in.len &&
            memcmp(fake_named_keys[i].stand_in, stand_in.data, stand_in.len) == 0)
            key = &fake_named_keys[i];
    }
    if (key == NULL || key->revoked ||
        (key->use != NULL && env_use_number(key->use) != wish->use) || env_use(wish->use) == NULL)
        return refuse(keys);
    ref = calloc(1, sizeof(*ref));
    if (ref == NULL)
        abort();
    ref->base.key = (struct env_span){key->key, key->len};
    ref->base.clear = &ref->clear;
    atomic_fetch_add(&fake_named_lent, 1);
    *out = &ref->base;
    return ENV_OK;
}

static void release(struct env_named_keys *keys, const struct env_named_ref *ref)
{
    (void)keys;
    atomic_fetch_sub(&fake_named_lent, 1);
    free((void *)(uintptr_t)ref);
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
    *store = (struct fake_store){{&vtable}, &provctx->errors};
    atomic_store(&provctx->named, &store->base);
    return 1;
}

int fake_named_add_builtin(OSSL_LIB_CTX *libctx)
{
    return OSSL_PROVIDER_add_builtin(libctx, "envelope", init);
}

static OSSL_LIB_CTX *prefer_ours(OSSL_LIB_CTX *libctx)
{
    if (EVP_set_default_properties(libctx, "?provider=envelope") != 1)
        abort();
    return libctx;
}

OSSL_LIB_CTX *fake_named_libctx(const char *lines, bool first)
{
    return prefer_ours(libctx_new_configured(init, lines, first));
}

OSSL_LIB_CTX *fake_named_libctx_alone(const char *lines)
{
    return prefer_ours(libctx_new_configured_alone(init, lines));
}

const char *fake_named_server(OSSL_LIB_CTX *libctx, const char *cipher, const char *query)
{
    static char name[64];
    EVP_CIPHER *fetched;

    ERR_set_mark();
    fetched = EVP_CIPHER_fetch(libctx, cipher, query);
    ERR_pop_to_mark();
    if (fetched == NULL)
        return "";
    (void)snprintf(name, sizeof(name), "%s",
                   OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(fetched)));
    EVP_CIPHER_free(fetched);
    return name;
}
