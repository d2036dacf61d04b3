/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property queries and definitions, as property(7) has them. libcrypto judges them only when it
 * fetches, and a fetch constructs every algorithm of the operation; what is taken from another
 * provider's table is judged here.
 */
#ifndef ENVELOPE_STOCK_PROPERTY_H
#define ENVELOPE_STOCK_PROPERTY_H

#include <stdbool.h>

/*
 * How many clauses of the query the definition fulfils; -1 when it does not fulfil one that is
 * demanded. Either may be NULL: empty.
 */
int env_property_score(const char *query, const char *definition);

/* Whether the query has a clause of that name, with whatever value. */
bool env_property_has(const char *query, const char *name);

/*
 * The query with one clause more, that the provider is not ours; the same where it says something
 * of the provider itself. OPENSSL_free; NULL: no memory.
 */
char *env_property_not_ours(const char *query);

/* A definition with ours as its provider, and the rest as it was. OPENSSL_free; NULL: no memory. */
char *env_property_ours(const char *definition);

#endif
