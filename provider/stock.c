/* SPDX-License-Identifier: Apache-2.0 */
#include "stock.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdatomic.h>
#include <string.h>

#define NOT_OURS "provider!=envelope"

static EVP_CIPHER *fetch_with(const struct env_provctx *provctx, const char *name,
                              const char *propquery)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(provctx->libctx, name, propquery);

    /* a query of the configuration's may lead back to us */
    if (cipher != NULL &&
        OSSL_PROVIDER_get0_provider_ctx(EVP_CIPHER_get0_provider(cipher)) == provctx) {
        EVP_CIPHER_free(cipher);
        cipher = NULL;
    }
    return cipher;
}

static EVP_CIPHER *fetch(const struct env_provctx *provctx, const char *name)
{
    const char *configured = provctx->config.propquery;
    EVP_CIPHER *cipher = NULL;
    size_t size;
    char *both;

    if (configured == NULL)
        return fetch_with(provctx, name, NOT_OURS);
    size = sizeof(NOT_OURS ",") + strlen(configured);
    both = OPENSSL_malloc(size);
    if (both != NULL) {
        (void)OPENSSL_strlcpy(both, NOT_OURS ",", size);
        (void)OPENSSL_strlcat(both, configured, size);
        cipher = fetch_with(provctx, name, both);
        OPENSSL_free(both);
    }
    /* what is said of the provider there can not be said twice */
    return cipher != NULL ? cipher : fetch_with(provctx, name, configured);
}

EVP_CIPHER *env_stock_cipher(struct env_provctx *provctx, const struct env_wrap_kind *kind)
{
    _Atomic(EVP_CIPHER *) *place = &provctx->stock_wrap[kind->index];
    EVP_CIPHER *known = atomic_load_explicit(place, memory_order_acquire);
    EVP_CIPHER *fetched;

    if (known != NULL)
        return known;
    env_errors_mark(&provctx->errors);
    fetched = fetch(provctx, kind->stock);
    env_errors_unmark(&provctx->errors, true);
    if (fetched == NULL)
        return NULL;
    if (atomic_compare_exchange_strong(place, &known, fetched))
        return fetched;
    EVP_CIPHER_free(fetched); /* another thread was first */
    return known;
}

void env_stock_clear(struct env_provctx *provctx)
{
    for (size_t i = 0; i < ENV_WRAP_KINDS; i++) {
        EVP_CIPHER_free(atomic_load(&provctx->stock_wrap[i]));
        atomic_store(&provctx->stock_wrap[i], NULL);
    }
}
