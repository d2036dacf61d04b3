/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/activate.h"

#include <openssl/provider.h>

#include "provider/stock/property.h"

static bool wants_fips(const char *query)
{
    return env_property_score(query, "provider=default") < 0 &&
           env_property_score(query, "provider=fips,fips=yes") >= 0;
}

/*
 * The context keeps a provider active until it is freed. We could only release our own reference
 * while the context exists, and it may be freed before us. The core's handle of a provider is the
 * provider itself.
 */
static void load(struct env_provctx *provctx, OSSL_LIB_CTX *program, const char *name)
{
    const OSSL_PROVIDER *provider = OSSL_PROVIDER_load(program, name);

    if (provider != NULL)
        (void)provctx->core_provider_free((const OSSL_CORE_HANDLE *)provider, 0);
    else
        provctx->not_activated = name;
}

void env_stock_activate(struct env_provctx *provctx, OSSL_LIB_CTX *program)
{
    if (!provctx->config.stock_providers_here_on || provctx->foreign_libcrypto)
        return;
    env_errors_mark(&provctx->errors);
    if (wants_fips(provctx->config.propquery)) {
        load(provctx, program, "fips");
        load(provctx, program, "base");
    } else {
        load(provctx, program, "default");
    }
    env_errors_unmark(&provctx->errors, true);
}
