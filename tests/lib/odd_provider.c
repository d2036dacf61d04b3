/* SPDX-License-Identifier: Apache-2.0 */
#include "odd_provider.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FUNCTIONS_MAX 40

struct odd_cipher odd_ciphers[ODD_CIPHERS_MAX];
int odd_invented_called;
int odd_inits;

static OSSL_ALGORITHM algorithms[ODD_CIPHERS_MAX + 1];
static OSSL_DISPATCH tables[ODD_CIPHERS_MAX][FUNCTIONS_MAX];
static OSSL_PROVIDER *stock; /* of a context of its own */

static void invented(void)
{
    odd_invented_called++;
}

static OSSL_FUNC_cipher_encrypt_init_fn *first_init;

static int counting_init(void *ctx, const unsigned char *key, size_t key_len,
                         const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
    odd_inits += key != NULL;
    return first_init(ctx, key, key_len, iv, iv_len, params);
}

static const OSSL_ALGORITHM *entry_of(const char *name)
{
    int no_cache;
    const OSSL_ALGORITHM *entry = OSSL_PROVIDER_query_operation(stock, OSSL_OP_CIPHER, &no_cache);
    size_t len = strlen(name);

    for (; entry->algorithm_names != NULL; entry++) {
        const char *names = entry->algorithm_names;

        if (strncasecmp(names, name, len) == 0 && (names[len] == ':' || names[len] == '\0'))
            return entry;
    }
    abort();
}

static void make(const struct odd_cipher *odd, OSSL_ALGORITHM *to, OSSL_DISPATCH *table)
{
    const OSSL_ALGORITHM *entry = entry_of(odd->name);

    *to = *entry;
    to->property_definition = odd->definition != NULL ? odd->definition : "provider=odd";
    to->implementation = table;
    if (odd->invented)
        *table++ = (OSSL_DISPATCH){77, invented};
    for (const OSSL_DISPATCH *d = entry->implementation; d->function_id != 0; d++) {
        if (d->function_id == odd->without)
            continue;
        *table = *d;
        if (odd == odd_ciphers && d->function_id == OSSL_FUNC_CIPHER_ENCRYPT_INIT) {
            first_init = OSSL_FUNC_cipher_encrypt_init(d);
            table->function = (void (*)(void))counting_init;
        }
        table++;
    }
    if (odd->invented)
        *table++ = (OSSL_DISPATCH){OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS + 1, invented};
    *table = (OSSL_DISPATCH){0, NULL};
}

void odd_reset(void)
{
    memset(odd_ciphers, 0, sizeof(odd_ciphers));
    odd_invented_called = 0;
    odd_inits = 0;
}

static const OSSL_ALGORITHM *query(void *provctx, int operation_id, int *no_cache)
{
    (void)provctx;
    *no_cache = 0;
    return operation_id == OSSL_OP_CIPHER ? algorithms : NULL;
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **provctx)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {0, NULL},
    };

    (void)handle;
    (void)in;
    *provctx = OSSL_PROVIDER_get0_provider_ctx(stock); /* the functions are its */
    *out = functions;
    return 1;
}

OSSL_PROVIDER *odd_load(OSSL_LIB_CTX *libctx)
{
    static OSSL_LIB_CTX *own; /* for the life of the process */
    OSSL_PROVIDER *provider;

    if (own == NULL) {
        own = OSSL_LIB_CTX_new();
        stock = OSSL_PROVIDER_load(own, "default");
        if (stock == NULL)
            abort();
    }
    memset(algorithms, 0, sizeof(algorithms));
    for (size_t i = 0; i < ODD_CIPHERS_MAX && odd_ciphers[i].name != NULL; i++)
        make(&odd_ciphers[i], &algorithms[i], tables[i]);
    if (OSSL_PROVIDER_add_builtin(libctx, "odd", init) != 1)
        abort();
    provider = OSSL_PROVIDER_load(libctx, "odd");
    if (provider == NULL)
        abort();
    return provider;
}
