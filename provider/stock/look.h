/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at what the other active providers offer under the names of stock_names.h. Nothing is
 * fetched: a fetch would construct all of their algorithms.
 */
#ifndef ENVELOPE_STOCK_LOOK_H
#define ENVELOPE_STOCK_LOOK_H

#include "provider/stock/splices.h"

#define ENV_HELD_MAX 8u

struct env_found {
    const OSSL_ALGORITHM *entry; /* NULL: no provider offers it */
    void *stock;                 /* the context of its provider */
    int score;
};

struct env_look {
    struct env_provctx *provctx;
    bool fips; /* fips=yes is demanded */
    bool failed;
    struct env_found ciphers[ENV_STOCK_CIPHER_COUNT];
    struct env_found kdf;
    struct env_found skeymgmts[ENV_SKEYMGMT_COUNT];
    const char *wrap_name; /* NULL: look for what the configuration names */
    struct env_found wrap; /* otherwise only for the cipher with that name */
    const OSSL_CORE_HANDLE *held[ENV_HELD_MAX];
    size_t held_count;
};

/*
 * For each name, finds the entry that satisfies propquery best, or the first of several. The
 * providers found are held until they are released: they may be deactivated, but are not torn down.
 * False if there is no memory; env_held_release must be called in any case.
 */
bool env_look(struct env_provctx *provctx, struct env_look *look);

/* The same for one key wrap cipher, by its name; fips: from a provider that has fips=yes. */
bool env_look_for_wrap(struct env_provctx *provctx, const char *name, bool fips,
                       struct env_look *look);

void env_held_release(const struct env_provctx *provctx, const OSSL_CORE_HANDLE *const *held,
                      size_t count);

#endif
