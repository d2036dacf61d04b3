/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/common/fips.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "envelope/base/clock.h"

#define KNOWN_MS 1000

/* One clause, up to a comma: "fips", "fips=yes", possibly with spaces. */
static bool demands_fips(const char *clause)
{
    clause += strspn(clause, " ");
    if (strncasecmp(clause, "fips", 4) != 0)
        return false;
    clause += 4;
    clause += strspn(clause, " ");
    if (*clause == '\0' || *clause == ',')
        return true;
    if (*clause != '=')
        return false;
    clause++;
    clause += strspn(clause, " ");
    return strncasecmp(clause, "yes", 3) == 0;
}

bool env_fips_in_query(const char *query)
{
    const char *clause = query;

    while (clause != NULL) {
        const char *comma = strchr(clause, ',');

        if (demands_fips(clause))
            return true;
        clause = comma != NULL ? comma + 1 : NULL;
    }
    return false;
}

static bool demanded(const struct env_provctx *provctx)
{
    return env_fips_in_query(provctx->config.propquery) ||
           EVP_default_properties_is_fips_enabled(provctx->libctx) == 1;
}

bool env_fips_demanded(struct env_provctx *provctx)
{
    const int64_t now = env_clock_ms();

    if (now < atomic_load_explicit(&provctx->not_fips_until, memory_order_relaxed))
        return false;
    if (demanded(provctx))
        return true;
    atomic_store_explicit(&provctx->not_fips_until, now + KNOWN_MS, memory_order_relaxed);
    return false;
}
