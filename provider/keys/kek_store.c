/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/kek_store.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <string.h>

#include "envelope/base/pin_prompt.h"
#include "keymgmt/token/uri_content.h"
#include "provider/common/edge.h"
#include "provider/keys/kek_key.h"

#define PKCS11 "pkcs11:"

/* Headers before 4.0 lack these: `openssl enc -skeyuri` expects symmetric keys. */
#ifndef OSSL_STORE_INFO_SKEY
#define OSSL_STORE_INFO_SKEY 7
#endif
#ifndef OSSL_OBJECT_SKEY
#define OSSL_OBJECT_SKEY 5
#endif

struct store {
    struct env_provctx *provctx;
    char *uri; /* with the scheme pkcs11:; it may contain a PIN */
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
    struct env_error_detail detail;
    struct env_uri_content content;

    if (!env_ok(env_uri_content(store->uri, "URI", &content, &detail)))
        return env_error_detail_raise(&store->provctx->errors, &detail);
    *names = content.key;
    return ENV_OK;
}

static ENV_RESULT look(struct store *store)
{
    struct env_keyring *keyring = store->provctx->dek.keyring;
    struct env_kek *kek = NULL;
    bool one = false;
    ENV_RESULT r;

    store->looked = true;
    ENV_TRY(env_provctx_ready(store->provctx));
    ENV_TRY(names_a_key(store, &one));
    if (!one)
        return keyring->vtable->list(keyring, store->uri, keep, store);
    ENV_TRY(keyring->vtable->find(keyring, store->uri, &kek));
    r = keep(store, kek);
    env_kek_free(kek);
    return r;
}

/* out stays NULL if no key is left. That is not an error: eof reports it from then on. */
static ENV_RESULT next_key(struct store *store, OSSL_PASSPHRASE_CALLBACK *cb, void *cbarg,
                           struct env_key **out)
{
    struct env_pin_prompt prompt;
    ENV_RESULT r = ENV_OK;

    if (!store->looked) {
        env_pin_prompt_begin(&prompt, cb, cbarg);
        r = look(store);
        env_pin_prompt_end(&prompt);
    }
    ENV_TRY(r);
    if (store->next == store->count)
        return ENV_OK;
    return env_key_new(store->provctx, store->keks[store->next++], out);
}

/* The URI's scheme must be one of ours; internally it becomes pkcs11:. */
static ENV_RESULT open_uri(struct env_provctx *provctx, const char *uri, struct store **out)
{
    const char *colon = strchr(uri, ':');
    const char *rest = colon != NULL ? colon + 1 : uri;
    size_t size = sizeof(PKCS11) + strlen(rest);
    struct store *store;
    void *object = NULL;

    ENV_TRY(env_provctx_object(provctx, sizeof(*store), &object));
    store = object;
    store->provctx = provctx;
    store->uri = OPENSSL_zalloc(size);
    if (store->uri == NULL) {
        free_store(store);
        return ENV_FAIL(ENV_R_NO_MEMORY);
    }
    memcpy(store->uri, PKCS11, sizeof(PKCS11) - 1);
    memcpy(store->uri + sizeof(PKCS11) - 1, rest, strlen(rest) + 1);
    *out = store;
    return ENV_OK;
}

static ENV_RESULT set_params(struct store *store, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = NULL;

    if (params != NULL)
        p = OSSL_PARAM_locate_const(params, OSSL_STORE_PARAM_EXPECT);
    return p == NULL || OSSL_PARAM_get_int(p, &store->expected) ? ENV_OK
                                                                : ENV_FAIL(ENV_R_BAD_PARAMETER);
}

/* ---- what libcrypto calls ---- */

static OSSL_FUNC_store_open_fn store_open;
static OSSL_FUNC_store_settable_ctx_params_fn settable_ctx_params;
static OSSL_FUNC_store_set_ctx_params_fn set_ctx_params;
static OSSL_FUNC_store_load_fn store_load;
static OSSL_FUNC_store_eof_fn store_eof;
static OSSL_FUNC_store_close_fn store_close;

/* Uses no token: libcrypto opens a store before it says what it expects. */
static void *store_open(void *vprovctx, const char *uri)
{
    struct env_provctx *provctx = vprovctx;
    struct store *store = NULL;

    return ENV_EDGE_IN(provctx, provctx, open_uri(provctx, uri, &store)) ? store : NULL;
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

    return ENV_EDGE(store, set_params(store, params));
}

/* Certificates and the like are left to other stores. */
static bool has_what_is_expected(const struct store *store)
{
    return store->expected == 0 || store->expected == OSSL_STORE_INFO_PKEY ||
           store->expected == OSSL_STORE_INFO_SKEY;
}

static int store_load(void *vctx, OSSL_CALLBACK *object_cb, void *object_arg,
                      OSSL_PASSPHRASE_CALLBACK *pw_cb, void *pw_arg)
{
    struct store *store = vctx;
    struct env_key *key = NULL;

    if (!ENV_EDGE(store, next_key(store, pw_cb, pw_arg, &key)))
        return 0;
    if (key == NULL)
        return 1;
    return env_key_hand_over(
        key, store->expected == OSSL_STORE_INFO_SKEY ? OSSL_OBJECT_SKEY : OSSL_OBJECT_PKEY,
        object_cb, object_arg);
}

static int store_eof(void *vctx)
{
    const struct store *store = vctx;

    return store == NULL || !has_what_is_expected(store) ||
           (store->looked && store->next == store->count);
}

static int store_close(void *vctx)
{
    struct store *store = vctx;
    int ok = ENV_EDGE(store, ENV_OK);

    if (store != NULL)
        free_store(store);
    return ok;
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
