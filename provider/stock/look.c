/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/look.h"

#include <openssl/provider.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "provider/stock/guard.h"
#include "provider/stock/property.h"

/* ---- holding providers ---- */

struct wanted {
    struct env_look *look;
    const void *stock; /* the context of the provider */
    bool held;
};

static int hold_if_wanted(OSSL_PROVIDER *provider, void *arg)
{
    struct wanted *wanted = arg;
    struct env_look *look = wanted->look;
    /* the core's handle of a provider is the provider itself */
    const OSSL_CORE_HANDLE *handle = (const OSSL_CORE_HANDLE *)provider;

    if (OSSL_PROVIDER_get0_provider_ctx(provider) != wanted->stock)
        return 1;
    wanted->held =
        look->held_count < ENV_HELD_MAX && look->provctx->core_provider_up_ref(handle, 0) > 0;
    if (wanted->held)
        look->held[look->held_count++] = handle;
    return 0;
}

/*
 * Takes a reference to the program's provider, as a fetched algorithm does. The provider may be
 * deactivated, and its library context may be freed before us. Loading it again would have to be
 * undone while the context exists, and a fetch costs as much as everything else.
 */
static bool hold(struct env_look *look, const OSSL_PROVIDER *provider)
{
    const struct env_provctx *provctx = look->provctx;
    struct wanted wanted = {look, OSSL_PROVIDER_get0_provider_ctx(provider), false};

    (void)OSSL_PROVIDER_do_all((OSSL_LIB_CTX *)provctx->core_get_libctx(provctx->handle),
                               hold_if_wanted, &wanted);
    return wanted.held;
}

void env_held_release(const struct env_provctx *provctx, const OSSL_CORE_HANDLE *const *held,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)provctx->core_provider_free(held[i], 0);
}

/* ---- selecting algorithms ---- */

#define NEED(id) (1U << (id))

static bool has(const OSSL_DISPATCH *table, unsigned needed)
{
    for (; table->function_id != 0; table++) {
        if (table->function_id > 0 && table->function_id < 32)
            needed &= ~NEED(table->function_id);
    }
    return needed == 0;
}

static bool is_named(const OSSL_ALGORITHM *entry, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = entry->algorithm_names; *at != '\0'; at += *at == ':') {
        size_t n = strcspn(at, ":");

        if (n == len && strncasecmp(at, name, n) == 0)
            return true;
        at += n;
    }
    return false;
}

/* Whether the entry is better than the best so far. */
static bool take(struct env_look *look, const OSSL_ALGORITHM *entry, void *stock,
                 struct env_found *found)
{
    const char *definition = entry->property_definition;
    int score = env_property_score(look->provctx->config.propquery, definition);

    if (look->fips && env_property_score("fips=yes", definition) < 0)
        return false;
    if (score < 0 || (found->entry != NULL && score <= found->score))
        return false;
    *found = (struct env_found){entry, stock, score};
    return true;
}

static const unsigned cipher_needs =
    NEED(OSSL_FUNC_CIPHER_NEWCTX) | NEED(OSSL_FUNC_CIPHER_FREECTX) |
    NEED(OSSL_FUNC_CIPHER_ENCRYPT_INIT) | NEED(OSSL_FUNC_CIPHER_DECRYPT_INIT) |
    NEED(OSSL_FUNC_CIPHER_UPDATE) | NEED(OSSL_FUNC_CIPHER_FINAL) |
    NEED(OSSL_FUNC_CIPHER_GET_PARAMS);

static bool take_cipher(struct env_look *look, const OSSL_ALGORITHM *entry, void *stock)
{
    for (const char *at = entry->algorithm_names; *at != '\0'; at += *at == ':') {
        size_t n = strcspn(at, ":");
        size_t i = env_stock_cipher_named(at, n);

        if (i < ENV_STOCK_CIPHER_COUNT)
            return has(entry->implementation, cipher_needs) &&
                   take(look, entry, stock, &look->ciphers[i]);
        at += n;
    }
    return false;
}

static bool take_wrap(struct env_look *look, const OSSL_ALGORITHM *entry, void *stock)
{
    return is_named(entry, look->wrap_name) && has(entry->implementation, cipher_needs) &&
           take(look, entry, stock, &look->wrap);
}

static bool take_kdf(struct env_look *look, const OSSL_ALGORITHM *entry, void *stock)
{
    static const unsigned needed = NEED(OSSL_FUNC_KDF_NEWCTX) | NEED(OSSL_FUNC_KDF_FREECTX) |
                                   NEED(OSSL_FUNC_KDF_DERIVE) | NEED(OSSL_FUNC_KDF_SET_CTX_PARAMS);

    return is_named(entry, ENV_STOCK_PBKDF2) && has(entry->implementation, needed) &&
           take(look, entry, stock, &look->kdf);
}

static bool take_skeymgmt(struct env_look *look, const OSSL_ALGORITHM *entry, void *stock)
{
    static const char *const names[ENV_SKEYMGMT_COUNT] = {"AES", "GENERIC-SECRET"};
    static const unsigned needed = NEED(OSSL_FUNC_SKEYMGMT_FREE) | NEED(OSSL_FUNC_SKEYMGMT_IMPORT) |
                                   NEED(OSSL_FUNC_SKEYMGMT_EXPORT);

    for (size_t i = 0; i < ENV_SKEYMGMT_COUNT; i++) {
        if (is_named(entry, names[i]))
            return has(entry->implementation, needed) &&
                   take(look, entry, stock, &look->skeymgmts[i]);
    }
    return false;
}

typedef bool take_fn(struct env_look *look, const OSSL_ALGORITHM *entry, void *stock);

static bool take_all(struct env_look *look, const OSSL_PROVIDER *provider, int operation,
                     take_fn *take_one)
{
    int no_cache = 0;
    const OSSL_ALGORITHM *entry = OSSL_PROVIDER_query_operation(provider, operation, &no_cache);
    bool taken = false;

    for (; entry != NULL && entry->algorithm_names != NULL; entry++)
        taken |= take_one(look, entry, OSSL_PROVIDER_get0_provider_ctx(provider));
    return taken;
}

/* Called for each active provider. Ours, of this and of other instances, answer nothing. */
static int look_at(OSSL_PROVIDER *provider, void *arg)
{
    struct env_look *look = arg;
    const struct env_config *config = &look->provctx->config;
    bool taken = false;

    if (OSSL_PROVIDER_get0_provider_ctx(provider) == look->provctx)
        return 1;
    if (look->wrap_name != NULL) {
        taken = take_all(look, provider, OSSL_OP_CIPHER, take_wrap);
    } else if (config->key_ciphers_on) {
        taken |= take_all(look, provider, OSSL_OP_CIPHER, take_cipher);
        taken |= take_all(look, provider, OSSL_OP_SKEYMGMT, take_skeymgmt);
    }
    if (look->wrap_name == NULL && config->key_kdfs_on)
        taken |= take_all(look, provider, OSSL_OP_KDF, take_kdf);
    if (taken && !hold(look, provider))
        look->failed = true;
    return !look->failed;
}

/* A query with a fips clause of its own takes precedence. */
static bool demands_fips(struct env_provctx *provctx)
{
    const char *query = provctx->config.propquery;

    return (query == NULL || strstr(query, "fips") == NULL) &&
           EVP_default_properties_is_fips_enabled(provctx->libctx) == 1;
}

static bool look_around(struct env_provctx *provctx, struct env_look *look)
{
    look->provctx = provctx;
    env_stock_guard_up();
    env_errors_mark(&provctx->errors);
    look->fips = look->fips || demands_fips(provctx);
    if (OSSL_PROVIDER_do_all(provctx->libctx, look_at, look) != 1)
        look->failed = true;
    env_errors_unmark(&provctx->errors, true);
    env_stock_guard_down();
    return !look->failed;
}

bool env_look(struct env_provctx *provctx, struct env_look *look)
{
    memset(look, 0, sizeof(*look));
    return look_around(provctx, look);
}

bool env_look_for_wrap(struct env_provctx *provctx, const char *name, bool fips,
                       struct env_look *look)
{
    memset(look, 0, sizeof(*look));
    look->fips = fips;
    look->wrap_name = name;
    return look_around(provctx, look);
}
