/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/stock.h"

#include <openssl/crypto.h>

#include "provider/stock/build.h"
#include "provider/stock/closed.h"
#include "provider/stock/slots.h"

#define CLOSED_PROPERTIES "provider=envelope"

static const struct env_build *build_of(const struct env_stock *stock)
{
    return (const struct env_build *)env_slot_get(stock->slot);
}

/* ---- creation and teardown ---- */

/* Made in advance, so that it is available when there is no memory. */
static bool make_closed(struct env_stock *stock)
{
    size_t n;

    stock->closed_ciphers = env_algorithms_copy(stock->own_ciphers, ENV_STOCK_CIPHER_COUNT, &n);
    if (stock->closed_ciphers == NULL)
        return false;
    for (size_t i = 0; i < ENV_STOCK_CIPHER_COUNT; i++) {
        if (stock->listed[i])
            stock->closed_ciphers[n++] = (OSSL_ALGORITHM){
                env_stock_ciphers[i].name, CLOSED_PROPERTIES, env_closed_ciphers[i], NULL};
    }
    stock->closed_kdfs[0] =
        (OSSL_ALGORITHM){ENV_STOCK_PBKDF2, CLOSED_PROPERTIES, env_closed_pbkdf2, NULL};
    return true;
}

/* The core calls it NULL if the program did: CONF_modules_load, OSSL_PROVIDER_load(NULL, ...). */
static bool is_default(const struct env_provctx *provctx)
{
    const OSSL_LIB_CTX *libctx = (OSSL_LIB_CTX *)provctx->core_get_libctx(provctx->handle);

    return libctx == NULL || libctx == OSSL_LIB_CTX_get0_global_default();
}

bool env_stock_start(struct env_provctx *provctx, const OSSL_ALGORITHM *own_ciphers,
                     const OSSL_ALGORITHM *own_skeymgmts)
{
    struct env_stock *stock;

    if (!provctx->config.key_ciphers_on && !provctx->config.key_kdfs_on)
        return true;
    stock = OPENSSL_zalloc(sizeof(*stock));
    if (stock == NULL)
        return false;
    provctx->stock = stock;
    stock->provctx = provctx;
    stock->own_ciphers = own_ciphers;
    stock->own_skeymgmts = own_skeymgmts;
    env_stock_list(provctx->config.key_ciphers, stock->listed);
    stock->slot =
        provctx->foreign_libcrypto ? ENV_STOCK_NO_SLOT : env_slot_claim(is_default(provctx));
    return make_closed(stock);
}

/* Nobody holds an algorithm of ours any more. */
void env_stock_end(struct env_provctx *provctx)
{
    struct env_stock *stock = provctx->stock;
    struct env_build *build;

    if (stock == NULL)
        return;
    build = (struct env_build *)(uintptr_t)build_of(stock);
    env_slot_release(stock->slot);
    env_build_free(build);
    OPENSSL_free(stock->closed_ciphers);
    OPENSSL_free(stock);
    provctx->stock = NULL;
}

/* ---- what is offered ---- */

bool env_stock_has(const struct env_provctx *provctx, int operation_id)
{
    const struct env_config *config = &provctx->config;

    if (provctx->stock == NULL)
        return false;
    return operation_id == OSSL_OP_KDF
               ? config->key_kdfs_on
               : config->key_ciphers_on &&
                     (operation_id == OSSL_OP_CIPHER || operation_id == OSSL_OP_SKEYMGMT);
}

/* Several threads may build at the same time: one wins, and the others discard their result. */
static const struct env_build *get_build(struct env_stock *stock)
{
    const struct env_build *there = build_of(stock);
    struct env_build *made;

    if (there != NULL || stock->slot == ENV_STOCK_NO_SLOT)
        return there;
    made = env_build_new(stock);
    if (made == NULL)
        return NULL;
    if (!env_slot_put(stock->slot, &made->splices))
        env_build_free(made);
    return build_of(stock);
}

const OSSL_ALGORITHM *env_stock_query(const struct env_provctx *provctx, int operation_id,
                                      int *no_cache)
{
    struct env_stock *stock = provctx->stock;
    const struct env_build *build = get_build(stock);

    *no_cache = build == NULL && stock->slot != ENV_STOCK_NO_SLOT;
    switch (operation_id) {
    case OSSL_OP_CIPHER:
        return build != NULL ? build->ciphers : stock->closed_ciphers;
    case OSSL_OP_SKEYMGMT:
        return build != NULL ? build->skeymgmts : stock->own_skeymgmts;
    default:
        return build != NULL ? build->kdfs : stock->closed_kdfs;
    }
}
