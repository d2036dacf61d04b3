/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_store.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <string.h>

#include "provider/keys/kek_key.h"
#include "envelope/base/pin_prompt.h"
#include "keymgmt/token/uri.h"

#define PKCS11 "pkcs11:"

/* What headers of before OpenSSL 4.0 do not have: `openssl enc -skeyuri` expects symmetric keys. */
#ifndef OSSL_STORE_INFO_SKEY
#define OSSL_STORE_INFO_SKEY 7
#endif
#ifndef OSSL_OBJECT_SKEY
#define OSSL_OBJECT_SKEY 5
#endif

struct store {
    struct env_provctx *provctx;
    char *uri; /* a pkcs11: one; it may have a PIN */
    int expected;
    bool looked;
    size_t count;
    size_t room;
    size_t next;
    struct env_kek **keks;
};

static void free_store(struct store *store)
{
    while (store->next < store->count)
        env_kek_free(store->keks[store->next++]);
    OPENSSL_free(store->keks);
    if (store->uri != NULL)
        OPENSSL_clear_free(store->uri, strlen(store->uri));
    OPENSSL_free(store);
}

static ENV_RESULT keep(void *arg, struct env_kek *kek)
{
    struct store *store = arg;

    if (store->count == store->room) {
        size_t room = 2 * store->room + 16;
        struct env_kek **keks = OPENSSL_realloc(store->keks, room * sizeof(struct env_kek *));

        if (keks == NULL)
            return ENV_FAIL(ENV_R_NO_MEMORY);
        store->keks = keks;
        store->room = room;
    }
    kek->vtable->up_ref(kek);
    store->keks[store->count++] = kek;
    return ENV_OK;
}

static ENV_RESULT names_a_key(const struct store *store, bool *names)
{
    struct env_fault fault;
    P11KitUri *uri;

    if (!env_ok(env_uri_parse(store->uri, "URI", &uri, &fault)))
        return env_fault_raise(&store->provctx->errors, &fault);
    *names = p11_kit_uri_get_attribute(uri, CKA_LABEL) != NULL ||
             p11_kit_uri_get_attribute(uri, CKA_ID) != NULL;
    env_uri_free(uri);
    return ENV_OK;
}

static ENV_RESULT look(struct store *store)
{
    struct env_keyring *ring = store->provctx->dek.keyring;
    struct env_kek *kek = NULL;
    bool one = false;
    ENV_RESULT r;

    store->looked = true;
    ENV_TRY(env_provctx_ready(store->provctx));
    ENV_TRY(names_a_key(store, &one));
    if (!one)
        return ring->vtable->list(ring, store->uri, keep, store);
    ENV_TRY(ring->vtable->find(ring, store->uri, &kek));
    r = keep(store, kek);
    env_kek_free(kek);
    return r;
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_store_open_fn store_open;
static OSSL_FUNC_store_settable_ctx_params_fn settable_ctx_params;
static OSSL_FUNC_store_set_ctx_params_fn set_ctx_params;
static OSSL_FUNC_store_load_fn store_load;
static OSSL_FUNC_store_eof_fn store_eof;
static OSSL_FUNC_store_close_fn store_close;

/* Touches no token: libcrypto opens before it says what it expects. */
static void *store_open(void *vprovctx, const char *uri)
{
    const char *rest = strchr(uri, ':');
    struct store *store = env_provctx_alloc(vprovctx, sizeof(*store));
    size_t size;

    if (store == NULL)
        return NULL;
    store->provctx = vprovctx;
    rest = rest != NULL ? rest + 1 : uri;
    size = sizeof(PKCS11) + strlen(rest);
    store->uri = env_provctx_alloc(vprovctx, size);
    if (store->uri == NULL) {
        free_store(store);
        return NULL;
    }
    memcpy(store->uri, PKCS11, sizeof(PKCS11) - 1);
    memcpy(store->uri + sizeof(PKCS11) - 1, rest, strlen(rest) + 1);
    return store;
}

static const OSSL_PARAM *settable_ctx_params(void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL),
        OSSL_PARAM_END,
    };

    (void)vprovctx;
    return params;
}

static int set_ctx_params(void *vctx, const OSSL_PARAM params[])
{
    struct store *store = vctx;
    const OSSL_PARAM *p = NULL;

    if (params != NULL)
        p = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
    return p == NULL || OSSL_PARAM_get_int(p, &store->expected);
}

/* Certificates and the like are for other stores. */
static bool has_what_is_expected(const struct store *store)
{
    return store->expected == 0 || store->expected == OSSL_STORE_INFO_PKEY ||
           store->expected == OSSL_STORE_INFO_SKEY;
}

static int store_load(void *vctx, OSSL_CALLBACK *object_cb, void *object_arg,
                      OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg)
{
    struct store *store = vctx;
    struct env_pin_prompt prompt;
    struct env_key *key;
    ENV_RESULT r = ENV_OK;

    if (!store->looked) {
        env_pin_prompt_begin(&prompt, pw_cb, pw_arg);
        r = look(store);
        env_pin_prompt_end(&prompt);
    }
    if (!env_ok(r))
        return ENV_EDGE_FAIL(store->provctx, r);
    if (store->next == store->count)
        return 1; /* nothing there, which is no error: eof says so from now on */
    key = env_key_new(store->provctx, store->keks[store->next++]);
    if (key == NULL)
        return ENV_EDGE_FAIL(store->provctx, ENV_FAIL(ENV_R_NO_MEMORY));
    return env_key_hand_over(
        key, store->expected == OSSL_STORE_INFO_SKEY ? OSSL_OBJECT_SKEY : OSSL_OBJECT_PKEY,
        object_cb, object_arg);
}

static int store_eof(void *vctx)
{
    const struct store *store = vctx;

    return !has_what_is_expected(store) || (store->looked && store->next == store->count);
}

static int store_close(void *vctx)
{
    free_store(vctx);
    return 1;
}

const OSSL_DISPATCH env_kek_store_functions[] = {
    {OSSL_FUNC_STORE_OPEN, (void (*)(void))store_open},
    {OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params},
    {OSSL_FUNC_STORE_SET_CTX_PARAMS, (void (*)(void))set_ctx_params},
    {OSSL_FUNC_STORE_LOAD, (void (*)(void))store_load},
    {OSSL_FUNC_STORE_EOF, (void (*)(void))store_eof},
    {OSSL_FUNC_STORE_CLOSE, (void (*)(void))store_close},
    {0, NULL},
};
