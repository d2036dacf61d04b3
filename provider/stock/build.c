/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/build.h"

#include <openssl/crypto.h>
#include <string.h>

#include "provider/stock/closed.h"
#include "provider/stock/property.h"
#include "provider/stock/trampolines.h"

#define CLOSED_PROPERTIES "provider=envelope"

OSSL_ALGORITHM *env_algorithms_copy(const OSSL_ALGORITHM *own, size_t more, size_t *count)
{
    OSSL_ALGORITHM *copy;

    *count = 0;
    while (own[*count].algorithm_names != NULL)
        (*count)++;
    copy = OPENSSL_zalloc((*count + more + 1) * sizeof(*copy));
    if (copy != NULL)
        memcpy(copy, own, *count * sizeof(*copy));
    return copy;
}

/*
 * Our definition in place of stock OpenSSL's, shared by all algorithms that have it. NULL: no
 * memory.
 */
static const char *definition(struct env_build *build, const char *stock)
{
    size_t n = build->definition_count;

    for (size_t i = 0; i < n; i++) {
        const char *known = build->definitions_of[i];

        if (known == stock || (known != NULL && stock != NULL && strcmp(known, stock) == 0))
            return build->definitions[i];
    }
    if (n == ENV_DEFINITIONS_MAX)
        return NULL;
    build->definitions_of[n] = stock;
    build->definitions[n] = env_property_ours(stock);
    if (build->definitions[n] != NULL)
        build->definition_count++;
    return build->definitions[n];
}

static bool enter(struct env_build *build, OSSL_ALGORITHM *to, const struct env_found *found,
                  const OSSL_DISPATCH *table)
{
    *to = (OSSL_ALGORITHM){found->entry->algorithm_names,
                           definition(build, found->entry->property_definition), table,
                           found->entry->algorithm_description};
    return to->property_definition != NULL;
}

/*
 * Copies the functions 1 to `last` of a table and drops the others. If several have one number,
 * takes the first, as libcrypto does.
 */
static void copy_table(const OSSL_DISPATCH *stock, int last, OSSL_DISPATCH *out)
{
    unsigned seen = 0;

    for (; stock->function_id != 0; stock++) {
        int id = stock->function_id;

        if (id < 1 || id > last || (seen & 1U << id) != 0)
            continue;
        seen |= 1U << id;
        *out++ = *stock;
    }
    *out = (OSSL_DISPATCH){0, NULL};
}

static void (**function(OSSL_DISPATCH *table, int id))(void)
{
    while (table->function_id != 0 && table->function_id != id)
        table++;
    return table->function_id != 0 ? &table->function : NULL;
}

/* Replaces a function, if it is there, and returns the old one. */
static void (*replace(OSSL_DISPATCH *table, int id, void (*ours)(void)))(void)
{
    void (**place)(void) = function(table, id);
    void (*stock)(void) = place != NULL ? *place : NULL;

    if (place != NULL)
        *place = ours;
    return stock;
}

#define REPLACE(table, id, ours) replace((table), (id), (void (*)(void))(ours))

static void splice_cipher(struct env_cipher_splice *splice, const struct env_found *found, int slot,
                          size_t i)
{
    const struct env_cipher_trampolines *ours = &env_cipher_trampolines[slot][i];
    OSSL_DISPATCH *table = splice->table;

    splice->taken = true;
    splice->stock = found->stock;
    copy_table(found->entry->implementation, ENV_CIPHER_FUNCTIONS, table);
    splice->newctx =
        (OSSL_FUNC_cipher_newctx_fn *)REPLACE(table, OSSL_FUNC_CIPHER_NEWCTX, env_cipher_newctx[i]);
    splice->encrypt_init = (OSSL_FUNC_cipher_encrypt_init_fn *)REPLACE(
        table, OSSL_FUNC_CIPHER_ENCRYPT_INIT, ours->encrypt_init);
    splice->decrypt_init = (OSSL_FUNC_cipher_decrypt_init_fn *)REPLACE(
        table, OSSL_FUNC_CIPHER_DECRYPT_INIT, ours->decrypt_init);
}

static bool add_ciphers(struct env_build *build, const struct env_look *look,
                        const struct env_stock *stock)
{
    size_t n;

    build->ciphers = env_algorithms_copy(stock->own_ciphers, ENV_STOCK_CIPHER_COUNT, &n);
    if (build->ciphers == NULL)
        return false;
    for (size_t i = 0; i < ENV_STOCK_CIPHER_COUNT; i++) {
        struct env_cipher_splice *splice = &build->splices.ciphers[i];

        if (look->ciphers[i].entry != NULL) {
            splice_cipher(splice, &look->ciphers[i], stock->slot, i);
            if (!enter(build, &build->ciphers[n++], &look->ciphers[i], splice->table))
                return false;
        } else if (stock->listed[i]) {
            build->ciphers[n++] = (OSSL_ALGORITHM){env_stock_ciphers[i].name, CLOSED_PROPERTIES,
                                                   env_closed_ciphers[i], NULL};
        }
    }
    return true;
}

static bool add_kdf(struct env_build *build, const struct env_look *look, int slot)
{
    struct env_kdf_splice *splice = &build->splices.kdf;
    const struct env_kdf_trampolines *ours = &env_kdf_trampolines[slot];
    OSSL_DISPATCH *table = splice->table;

    build->kdfs[0] = (OSSL_ALGORITHM){ENV_STOCK_PBKDF2, CLOSED_PROPERTIES, env_closed_pbkdf2, NULL};
    if (look->kdf.entry == NULL)
        return true;
    splice->taken = true;
    splice->stock = look->kdf.stock;
    copy_table(look->kdf.entry->implementation, ENV_KDF_FUNCTIONS, table);
    splice->newctx =
        (OSSL_FUNC_kdf_newctx_fn *)REPLACE(table, OSSL_FUNC_KDF_NEWCTX, env_kdf_newctx);
    splice->derive = (OSSL_FUNC_kdf_derive_fn *)REPLACE(table, OSSL_FUNC_KDF_DERIVE, ours->derive);
    splice->set_ctx_params = (OSSL_FUNC_kdf_set_ctx_params_fn *)REPLACE(
        table, OSSL_FUNC_KDF_SET_CTX_PARAMS, ours->set_ctx_params);
    return enter(build, &build->kdfs[0], &look->kdf, table);
}

/*
 * EVP_SKEYs of stock OpenSSL's types are passed to the provider of a cipher, which must know them.
 */
static bool add_skeymgmts(struct env_build *build, const struct env_look *look,
                          const struct env_stock *stock)
{
    size_t n;

    build->skeymgmts = env_algorithms_copy(stock->own_skeymgmts, ENV_SKEYMGMT_COUNT, &n);
    if (build->skeymgmts == NULL)
        return false;
    for (size_t i = 0; i < ENV_SKEYMGMT_COUNT; i++) {
        const struct env_skeymgmt_trampolines *ours = &env_skeymgmt_trampolines[i];
        struct env_skeymgmt_splice *splice = &build->splices.skeymgmts[i];

        if (look->skeymgmts[i].entry == NULL)
            continue;
        splice->taken = true;
        splice->stock = look->skeymgmts[i].stock;
        copy_table(look->skeymgmts[i].entry->implementation, ENV_SKEYMGMT_FUNCTIONS, splice->table);
        splice->import = (OSSL_FUNC_skeymgmt_import_fn *)REPLACE(
            splice->table, OSSL_FUNC_SKEYMGMT_IMPORT, ours->import);
        splice->generate = (OSSL_FUNC_skeymgmt_generate_fn *)REPLACE(
            splice->table, OSSL_FUNC_SKEYMGMT_GENERATE, ours->generate);
        if (!enter(build, &build->skeymgmts[n++], &look->skeymgmts[i], splice->table))
            return false;
    }
    return true;
}

static bool is_empty(const struct env_look *look)
{
    for (size_t i = 0; i < ENV_STOCK_CIPHER_COUNT; i++) {
        if (look->ciphers[i].entry != NULL)
            return false;
    }
    return look->kdf.entry == NULL;
}

static bool fill(struct env_build *build, const struct env_look *look, struct env_stock *stock)
{
    build->splices.provctx = stock->provctx;
    build->splices.listed = stock->listed;
    memcpy(build->held, look->held, sizeof(build->held));
    build->held_count = look->held_count;
    return add_ciphers(build, look, stock) && add_skeymgmts(build, look, stock) &&
           add_kdf(build, look, stock->slot);
}

struct env_build *env_build_new(struct env_stock *stock)
{
    struct env_look look;
    struct env_build *build = NULL;
    bool good = env_look(stock->provctx, &look);

    if (good && !is_empty(&look)) {
        build = OPENSSL_zalloc(sizeof(*build));
        good = build != NULL && fill(build, &look, stock);
    }
    atomic_store(&stock->no_memory, !good);
    if (build == NULL)
        env_held_release(stock->provctx, look.held, look.held_count);
    if (!good) {
        env_build_free(build);
        build = NULL;
    }
    return build;
}

void env_build_free(struct env_build *build)
{
    if (build == NULL)
        return;
    env_held_release(build->splices.provctx, build->held, build->held_count);
    for (size_t i = 0; i < build->definition_count; i++)
        OPENSSL_free(build->definitions[i]);
    OPENSSL_free(build->ciphers);
    OPENSSL_free(build->skeymgmts);
    OPENSSL_free(build);
}
