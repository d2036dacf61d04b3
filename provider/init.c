/* SPDX-License-Identifier: Apache-2.0 */
/* How the provider comes up, what it offers, and how it goes. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/keys/kek_algorithms.h"
#include "keymgmt/token_keyring.h"
#include "provider/algorithms.h"
#include "provider/common/provctx.h"
#include "provider/ciphers/stock.h"

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
 * From OpenSSL 3.6 on an entry whose text finds no memory, be it an empty one, has no reason, and
 * hides all that follow it. So the reason is set before the text is, and a text only where it says
 * something.
 */
static void raise_in_core(void *arg, const char *file, int line, const char *func,
                          enum env_reason reason, const char *fmt, va_list ap)
{
    const struct env_provctx *provctx = arg;
    char text[1024]; /* more than libcrypto keeps of it */

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
        case OSSL_FUNC_PROVIDER_UP_REF:
            provctx->core_provider_up_ref = OSSL_FUNC_provider_up_ref(in);
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
           provctx->core_pop_error_to_mark != NULL && provctx->core_provider_up_ref != NULL;
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

static pthread_mutex_t living_lock = PTHREAD_MUTEX_INITIALIZER;
static struct env_provctx *living; /* all instances that were not torn down */

static void enter_living(struct env_provctx *provctx)
{
    (void)pthread_mutex_lock(&living_lock);
    provctx->next_living = living;
    living = provctx;
    (void)pthread_mutex_unlock(&living_lock);
}

static void leave_living(struct env_provctx *provctx)
{
    struct env_provctx **p;

    (void)pthread_mutex_lock(&living_lock);
    for (p = &living; *p != NULL; p = &(*p)->next_living) {
        if (*p == provctx) {
            *p = provctx->next_living;
            break;
        }
    }
    (void)pthread_mutex_unlock(&living_lock);
}

/*
 * When libcrypto is cleaned up, the PKCS#11 module may be gone already (its destructors run first
 * at exit) or may need what libcrypto is about to free (SoftHSM is a user of libcrypto itself):
 * from then on no PKCS#11 function is called. And who frees the last context of a provider after
 * that (a destructor of a C++ program, or a thread that goes on) has libcrypto unload it, and crash
 * on what it has freed itself: one more reference, and nobody's is the last.
 */
static void libcrypto_ends(void)
{
    env_random_ends();
    env_token_process_is_ending();
    (void)pthread_mutex_lock(&living_lock);
    for (struct env_provctx *p = living; p != NULL; p = p->next_living)
        (void)p->core_provider_up_ref(p->handle, 0);
    (void)pthread_mutex_unlock(&living_lock);
}

static void register_end_of_process(void)
{
#if OPENSSL_VERSION_MAJOR >= 4 /* cleaned up by libcrypto's destructor, after all of these */
    (void)atexit(libcrypto_ends);
#else
    (void)OPENSSL_atexit(libcrypto_ends);
#endif
}

/* ---- coming and going ---- */

static void free_provctx(struct env_provctx *provctx)
{
    leave_living(provctx);
    if (provctx->dek.keyring != NULL)
        provctx->dek.keyring->vtable->free(provctx->dek.keyring);
    env_crypto_free(provctx->dek.crypto);
    env_stock_clear(provctx);
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
    static const struct {
        const char *key;
        const char *value;
    } texts[] = {
        {OSSL_PROV_PARAM_NAME, "Envelope encryption with KEKs in PKCS#11 tokens"},
        {OSSL_PROV_PARAM_VERSION, ENVELOPE_VERSION},
        {OSSL_PROV_PARAM_BUILDINFO, ENVELOPE_VERSION " for OpenSSL 3.0 and later"},
    };
    OSSL_PARAM *p;

    (void)vprovctx;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        p = OSSL_PARAM_locate(params, texts[i].key);
        if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, texts[i].value))
            return 0;
    }
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return p == NULL || OSSL_PARAM_set_int(p, 1);
}

static const OSSL_ALGORITHM *query_operation(void *vprovctx, int operation_id, int *no_cache)
{
    const struct env_provctx *provctx = vprovctx;
    const OSSL_ALGORITHM *algorithms = env_algorithms(operation_id, &provctx->config);

    *no_cache = 0;
    if (algorithms != NULL)
        return algorithms;
    return env_kek_algorithms(operation_id, env_config_is_yes(provctx->config.pkcs11_scheme));
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
    /* Only possible here: the core's functions for it are gone once we have returned. */
    provctx->libctx = OSSL_LIB_CTX_new_child(handle, in);
    if (provctx->libctx == NULL)
        goto failed;
    provctx->dek.errors = &provctx->errors;
    provctx->dek.crypto = env_crypto_new(provctx->libctx, provctx->config.propquery);
    if (provctx->dek.crypto == NULL || !env_ok(factory(&provctx->config, provctx->libctx,
                                                       &provctx->errors, &provctx->dek.keyring)))
        goto failed;
    provctx->audit = (struct env_audit){&provctx->config, provctx->dek.crypto, &provctx->errors};
    provctx->dek.keyring->audit = &provctx->audit;
    enter_living(provctx);
    (void)pthread_once(&once, register_end_of_process);
    *out = provider_functions;
    *vprovctx = provctx;
    return 1;
failed:
    free_provctx(provctx);
    return 0;
}
