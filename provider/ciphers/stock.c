/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/ciphers/stock.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

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

/* What one clause of a property query says of the provider. */
enum about_provider { NOTHING, A_WISH, A_DEMAND };

static enum about_provider about_provider(const char *clause)
{
    static const char name[] = "provider";
    enum about_provider kind = A_DEMAND;

    clause += strspn(clause, " ");
    if (*clause == '?' || *clause == '-') {
        kind = A_WISH;
        clause += 1 + strspn(clause + 1, " ");
    }
    if (strncasecmp(clause, name, sizeof(name) - 1) != 0)
        return NOTHING;
    clause += sizeof(name) - 1;
    return *clause == '\0' || strchr(" =!,", *clause) != NULL ? kind : NOTHING;
}

/*
 * The configuration's query with "not ours" in it. A property may stand in a query only once (what
 * does not parse libcrypto answers with whatever it has): ours takes the place of a wish for a
 * provider, and a demand for one is left as it is. NULL: no memory.
 */
static char *query_without_us(const char *configured)
{
    size_t size = sizeof(NOT_OURS) + (configured != NULL ? strlen(configured) + 1 : 0);
    char *query = OPENSSL_malloc(size);
    const char *at = configured;

    if (query == NULL)
        return NULL;
    (void)OPENSSL_strlcpy(query, NOT_OURS, size);
    while (at != NULL) {
        const char *comma = strchr(at, ',');
        size_t used = strlen(query);

        switch (about_provider(at)) {
        case A_DEMAND:
            (void)OPENSSL_strlcpy(query, configured, size);
            return query;
        case A_WISH:
            break;
        case NOTHING:
            query[used] = ',';
            (void)OPENSSL_strlcpy(query + used + 1, at,
                                  comma != NULL ? (size_t)(comma - at) + 1 : size - used - 1);
            break;
        }
        at = comma != NULL ? comma + 1 : NULL;
    }
    return query;
}

static EVP_CIPHER *fetch(const struct env_provctx *provctx, const char *name)
{
    char *query = query_without_us(provctx->config.propquery);
    EVP_CIPHER *cipher = query != NULL ? fetch_with(provctx, name, query) : NULL;

    OPENSSL_free(query);
    return cipher;
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
