/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/init.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope/format/random.h"
#include "keymgmt/token/module_call.h"
#include "provider/algorithms.h"
#include "provider/common/instances.h"
#include "provider/common/libcrypto_check.h"
#include "provider/common/named.h"
#include "provider/common/newer_dispatch.h"
#include "provider/common/operation.h"
#include "provider/stock/activate.h"
#include "provider/stock/guard.h"
#include "provider/stock/property.h"
#include "provider/stock/stock.h"
#include "provider/stock/wraps.h"

/* ---- errors through the core ---- */

static void set_error(const struct env_provctx *provctx, enum env_reason reason, const char *fmt,
                      ...)
{
    va_list ap;

    va_start(ap, fmt);
    provctx->core_vset_error(provctx->handle, (uint32_t)reason, fmt, ap);
    va_end(ap);
}

/*
 * Since OpenSSL 3.6 an entry loses its reason if there is no memory for its text, even an empty
 * one, and then hides all entries after it. So the reason is set first, and the text only if there
 * is one.
 */
static void raise_in_core(void *arg, const char *file, int line, const char *func,
                          enum env_reason reason, const char *fmt, va_list ap)
{
    const struct env_operation *operation = env_operation_current();
    const struct env_provctx *provctx = arg;
    char text[1024]; /* libcrypto keeps less than that */

    if (operation != NULL) {
        file = operation->file;
        line = operation->line;
        func = operation->func;
    }
    provctx->core_new_error(provctx->handle);
    provctx->core_set_error_debug(provctx->handle, file, line, func);
    set_error(provctx, reason, NULL);
    if (reason != ENV_R_NO_MEMORY && vsnprintf(text, sizeof(text), fmt, ap) > 0)
        set_error(provctx, reason, "%s", text);
}

static void mark_in_core(void *arg)
{
    const struct env_provctx *provctx = arg;

    (void)provctx->core_set_error_mark(provctx->handle);
}

static void unmark_in_core(void *arg, bool drop)
{
    const struct env_provctx *provctx = arg;

    if (drop)
        (void)provctx->core_pop_error_to_mark(provctx->handle);
    else
        (void)provctx->core_clear_last_error_mark(provctx->handle);
}

static void take_core_functions(struct env_provctx *provctx, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_GET_PARAMS:
            provctx->core_get_params = OSSL_FUNC_core_get_params(in);
            break;
        case OSSL_FUNC_CORE_NEW_ERROR:
            provctx->core_new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            provctx->core_set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            provctx->core_vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_MARK:
            provctx->core_set_error_mark = OSSL_FUNC_core_set_error_mark(in);
            break;
        case OSSL_FUNC_CORE_CLEAR_LAST_ERROR_MARK:
            provctx->core_clear_last_error_mark = OSSL_FUNC_core_clear_last_error_mark(in);
            break;
        case OSSL_FUNC_CORE_POP_ERROR_TO_MARK:
            provctx->core_pop_error_to_mark = OSSL_FUNC_core_pop_error_to_mark(in);
            break;
        case OSSL_FUNC_CORE_GET_LIBCTX:
            provctx->core_get_libctx = OSSL_FUNC_core_get_libctx(in);
            break;
        case OSSL_FUNC_PROVIDER_UP_REF:
            provctx->core_provider_up_ref = OSSL_FUNC_provider_up_ref(in);
            break;
        case OSSL_FUNC_PROVIDER_FREE:
            provctx->core_provider_free = OSSL_FUNC_provider_free(in);
            break;
        default:
            break;
        }
    }
}

static bool has_core_functions(const struct env_provctx *provctx)
{
    return provctx->core_get_params != NULL && provctx->core_new_error != NULL &&
           provctx->core_set_error_debug != NULL && provctx->core_vset_error != NULL &&
           provctx->core_set_error_mark != NULL && provctx->core_clear_last_error_mark != NULL &&
           provctx->core_pop_error_to_mark != NULL && provctx->core_provider_up_ref != NULL &&
           provctx->core_provider_free != NULL && provctx->core_get_libctx != NULL;
}

/* ---- configuration ---- */

/* Asks the core for one key of our section. */
static bool ask_core(void *arg, const char *key, char **to)
{
    const struct env_provctx *provctx = arg;
    char *value = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_ptr(key, &value, 0), OSSL_PARAM_END};

    if (!provctx->core_get_params(provctx->handle, params) || value == NULL)
        return true;
    *to = OPENSSL_strdup(value);
    return *to != NULL;
}

/* ---- the end of the process ---- */

/*
 * When libcrypto cleans up, the PKCS#11 module may be gone already (its destructors run first at
 * exit), or may need what libcrypto is about to free (SoftHSM itself uses libcrypto). So no PKCS#11
 * function is called from then on.
 *
 * A C++ destructor, or a thread that is still running, may free a provider's last context even
 * later. libcrypto would then unload the provider, and crash on what it has already freed. An
 * additional reference prevents that.
 */
static void libcrypto_ends(void)
{
    env_random_ends();
    env_token_process_is_ending();
    env_instances_keep();
}

static void register_end_of_process(void)
{
#if OPENSSL_VERSION_MAJOR >= 4 /* its destructor cleans up, after all atexit handlers */
    (void)atexit(libcrypto_ends);
#else
    (void)OPENSSL_atexit(libcrypto_ends);
#endif
}

/* ---- creation and teardown ---- */

static void free_provctx(struct env_provctx *provctx)
{
    env_instances_remove(provctx);
    env_provctx_named_clear(provctx);
    env_tenant_cache_free(provctx->tenants);
    env_field_memo_free(provctx->field_memo);
    if (provctx->dek.keyring != NULL)
        provctx->dek.keyring->vtable->free(provctx->dek.keyring);
    env_state_watch_free(provctx->states);
    env_crypto_free(provctx->dek.crypto);
    env_wrap_splices_end(provctx);
    env_stock_end(provctx);
    /* after everything that was fetched from it */
    OSSL_LIB_CTX_free(provctx->libctx);
    env_config_clear(&provctx->config);
    CRYPTO_THREAD_lock_free(provctx->config_lock);
    OPENSSL_free(provctx);
}

static OSSL_FUNC_provider_teardown_fn teardown;
static OSSL_FUNC_provider_gettable_params_fn gettable_params;
static OSSL_FUNC_provider_get_params_fn get_params;
static OSSL_FUNC_provider_query_operation_fn query_operation;
static OSSL_FUNC_provider_get_reason_strings_fn get_reason_strings;

static void teardown(void *vprovctx)
{
    if (vprovctx != NULL)
        free_provctx(vprovctx);
}

static const OSSL_PARAM *gettable_params(void *vprovctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
        OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
        OSSL_PARAM_END,
    };

    (void)vprovctx;
    return params;
}

static int get_params(void *vprovctx, OSSL_PARAM params[])
{
    const struct env_provctx *provctx = vprovctx;
    static const struct {
        const char *key;
        const char *value;
    } texts[] = {
        {OSSL_PROV_PARAM_NAME, "Envelope encryption with KEKs in PKCS#11 tokens"},
        {OSSL_PROV_PARAM_VERSION, ENVELOPE_VERSION},
        {OSSL_PROV_PARAM_BUILDINFO, ENVELOPE_VERSION " for OpenSSL 3.0 and later"},
    };
    OSSL_PARAM *p;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        p = OSSL_PARAM_locate(params, texts[i].key);
        if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, texts[i].value))
            return 0;
    }
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return p == NULL || OSSL_PARAM_set_int(p, provctx != NULL && !provctx->foreign_libcrypto);
}

static const OSSL_ALGORITHM *query_operation(void *vprovctx, int operation_id, int *no_cache)
{
    const struct env_provctx *provctx = vprovctx;

    /* a look at other providers asks ours as well */
    *no_cache = env_stock_guard_is_up();
    if (provctx == NULL || env_stock_guard_is_up())
        return NULL;
    return env_stock_has(provctx, operation_id) ? env_stock_query(provctx, operation_id, no_cache)
                                                : env_algorithms(operation_id, &provctx->config);
}

static const OSSL_ITEM *get_reason_strings(void *vprovctx)
{
    static const OSSL_ITEM strings[] = {
#define ENV_REASON_ITEM(name, number, text) {(number), (void *)(text)},
        ENV_REASONS(ENV_REASON_ITEM)
#undef ENV_REASON_ITEM
            {0, NULL},
    };

    (void)vprovctx;
    return strings;
}

static const OSSL_DISPATCH provider_functions[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable_params},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query_operation},
    {OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, (void (*)(void))get_reason_strings},
    {0, NULL},
};

/*
 * Our context's random generator passes random keys through AES, and must not use our AES for that.
 * This has to be set before its first use.
 */
static bool own_random_stays_away(const struct env_provctx *provctx)
{
    return !provctx->config.key_ciphers_on || provctx->foreign_libcrypto ||
           RAND_set_DRBG_type(provctx->libctx, NULL, "provider!=envelope", NULL, NULL) == 1;
}

/*
 * For what we do ourselves. default_properties prefer us where key-ciphers is set, and our own
 * ciphers under stock names may be closed.
 */
static struct env_crypto *own_crypto(const struct env_provctx *provctx)
{
    char *query = env_property_not_ours(provctx->config.propquery);
    struct env_crypto *crypto = query != NULL ? env_crypto_new(provctx->libctx, query) : NULL;

    OPENSSL_free(query);
    return crypto;
}

int env_provider_init_with(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                           const OSSL_DISPATCH **out, void **vprovctx, env_keyring_factory *factory)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct env_provctx *provctx = OPENSSL_zalloc(sizeof(*provctx));

    if (provctx == NULL)
        return 0;
    provctx->handle = handle;
    take_core_functions(provctx, in);
    provctx->errors = (struct env_errors){provctx, raise_in_core, mark_in_core, unmark_in_core};
    provctx->config_lock = CRYPTO_THREAD_lock_new();
    if (!has_core_functions(provctx) || provctx->config_lock == NULL ||
        !env_config_read(&provctx->config, ask_core, provctx))
        goto failed;
    provctx->inside_token = env_token_inside_call;
    /*
     * This is only possible here: the core's functions for it are invalid once we have returned. A
     * libcrypto that is not the program's must not mirror its providers. It only gets the functions
     * that read the input of decoders. It still loads, because a failed load would be silent.
     */
    provctx->foreign_libcrypto = env_libcrypto_is_foreign(in);
    env_stock_activate(provctx, (OSSL_LIB_CTX *)provctx->core_get_libctx(handle));
    provctx->libctx = provctx->foreign_libcrypto ? OSSL_LIB_CTX_new_from_dispatch(handle, in)
                                                 : OSSL_LIB_CTX_new_child(handle, in);
    if (provctx->libctx == NULL || !own_random_stays_away(provctx))
        goto failed;
    if (!env_stock_start(provctx, env_algorithms(OSSL_OP_CIPHER, &provctx->config),
                         env_algorithms(OSSL_OP_SKEYMGMT, &provctx->config)))
        goto failed;
    provctx->dek.errors = &provctx->errors;
    provctx->dek.crypto = own_crypto(provctx);
    if (provctx->dek.crypto == NULL || !env_ok(factory(&provctx->config, provctx->libctx,
                                                       &provctx->errors, &provctx->dek.keyring)))
        goto failed;
    provctx->audit = (struct env_audit){&provctx->config, provctx->dek.crypto, &provctx->errors};
    provctx->dek.keyring->audit = &provctx->audit;
    provctx->states = env_state_watch_new(&provctx->config, &provctx->audit, &provctx->errors,
                                          provctx->dek.keyring);
    if (provctx->states == NULL)
        goto failed;
    provctx->dek.keyring->states = provctx->states;
    env_instances_add(provctx);
    (void)pthread_once(&once, register_end_of_process);
    *out = provider_functions;
    *vprovctx = provctx;
    return 1;
failed:
    free_provctx(provctx);
    return 0;
}
