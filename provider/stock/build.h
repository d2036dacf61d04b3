/* SPDX-License-Identifier: Apache-2.0 */
/* Builds what an instance of ours offers from what other providers offer. */
#ifndef ENVELOPE_STOCK_BUILD_H
#define ENVELOPE_STOCK_BUILD_H

#include "provider/stock/instance.h"
#include "provider/stock/look.h"

/* The most distinct property definitions in one look. */
#define ENV_DEFINITIONS_MAX 64u

struct env_build {
    struct env_splices splices; /* first member: the slot points to it */
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
 * NULL: no provider offers anything yet, or there is no memory (stock->no_memory). Listed ciphers
 * that are unavailable are in it as closed; others in the table are left out.
 */
struct env_build *env_build_new(struct env_stock *stock);
void env_build_free(struct env_build *build);

/*
 * A copy of our own list of algorithms, with room for `more` and the end marker; NULL: no memory.
 */
OSSL_ALGORITHM *env_algorithms_copy(const OSSL_ALGORITHM *own, size_t more, size_t *count);

#endif
