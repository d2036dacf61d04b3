/* SPDX-License-Identifier: Apache-2.0 */
/* From what other providers offer to what an instance of ours answers. */
#ifndef ENVELOPE_STOCK_BUILD_H
#define ENVELOPE_STOCK_BUILD_H

#include "provider/stock/instance.h"
#include "provider/stock/look.h"

/* The most different property definitions that one look finds. */
#define ENV_DEFINITIONS_MAX 64u

struct env_build {
    struct env_splices splices; /* first: the slot points to it */
    OSSL_ALGORITHM *ciphers;
    OSSL_ALGORITHM kdfs[2];
    OSSL_ALGORITHM *skeymgmts;
    char *definitions[ENV_DEFINITIONS_MAX];
    const char *definitions_of[ENV_DEFINITIONS_MAX]; /* the stock ones */
    size_t definition_count;
    const OSSL_CORE_HANDLE *held[ENV_HELD_MAX];
    size_t held_count;
};

/*
 * NULL: nobody offers anything yet, or there is no memory (stock->no_memory). Listed ciphers that
 * are unavailable are in it as closed; others of the table are left out.
 */
struct env_build *env_build_new(struct env_stock *stock);
void env_build_free(struct env_build *build);

/* The list of own algorithms with room for `more` and an end behind them; NULL: no memory. */
OSSL_ALGORITHM *env_algorithms_copy(const OSSL_ALGORITHM *own, size_t more, size_t *count);

#endif
